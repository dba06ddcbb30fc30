//! An action with its time and its price.

use crate::model::billing::TokenUsage;
use crate::model::generated::Generated;
use crate::plan::action::Action;
use crate::records::ledger::Completion;
use crate::wire::reply::Reply;

/// A request that is being worked on.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) action: Action,
    /// When it is done; never, for one that hangs.
    pub(crate) due: Option<u64>,
    pub(crate) usage: TokenUsage,
    pub(crate) price_nano: u64,
    pub(crate) image_bytes: Option<u64>,
}

impl Work {
    pub(crate) fn reply(due: u64, reply: Reply) -> Self {
        Self::unbilled(Some(due), Action::Reply(reply))
    }

    pub(crate) fn unbilled(due: Option<u64>, action: Action) -> Self {
        Self { action, due, usage: TokenUsage::default(), price_nano: 0, image_bytes: None }
    }

    /// The facts for the ledger, but for the outcome and the status.
    pub(crate) fn completion(&self) -> Completion {
        Completion {
            prompt_tokens: self.usage.prompt,
            output_tokens: self.usage.candidates(),
            images: self.usage.images,
            billed_nano: self.price_nano,
            ..Completion::default()
        }
    }

    /// The content of the answer; of one that is cut, that of the whole.
    pub(crate) fn generated(&self) -> Generated {
        match &self.action {
            Action::Answer(generated) => generated.clone(),
            _ => Generated::Image { thoughts: false },
        }
    }
}
