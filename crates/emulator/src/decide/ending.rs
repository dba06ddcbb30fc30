//! The output of work whose time has come, and what the ledger gets of it.

use crate::decide::state::State;
use crate::exchange::Output;
use crate::model::billing;
use crate::model::picture::Picture;
use crate::model::protocol::Protocol;
use crate::parse::cors::with_origin;
use crate::parse::parsed::{Intent, Parsed};
use crate::plan::action::Action;
use crate::plan::work::Work;
use crate::records::ledger::Completion;
use crate::records::record::Outcome;
use crate::wire::answer::Answer;
use crate::wire::body::Body;
use crate::wire::reply::Reply;
use crate::wire::{gemini, protocols};

/// A request whose work is done.
pub(crate) struct Ending<'a> {
    /// The caller's id.
    pub(crate) id: u64,
    pub(crate) sequence: u64,
    pub(crate) parsed: &'a Parsed,
    pub(crate) work: &'a Work,
}

impl Ending<'_> {
    pub(crate) fn outputs(&self, state: &State) -> (Completion, Output) {
        let parsed = self.parsed;
        match &self.work.action {
            Action::Reply(reply) => {
                let reply = protocols::error(reply.clone(), parsed.protocol, &parsed.model);
                let body = match parsed.intent {
                    Intent::Fetch(picture) => Body::file(picture),
                    _ => Body::from(reply.body.clone()),
                };
                self.reply(reply, body)
            }
            Action::Send(reply, body) => self.reply(reply.clone(), body.clone()),
            Action::Answer(_) => {
                let (reply, body) = self.answer(state);
                self.reply(reply, body)
            }
            Action::Cut(fraction) => {
                let (reply, body) = self.answer(state);
                let completion = self.completion(Outcome::Failed, Some(reply.status));
                (completion, cut(self.id, with_origin(reply, parsed), &body, *fraction))
            }
            Action::Reset | Action::Hang => {
                (self.completion(Outcome::Failed, None), Output::Reset { id: self.id })
            }
        }
    }

    fn completion(&self, outcome: Outcome, status: Option<u16>) -> Completion {
        Completion { outcome, status, ..self.work.completion() }
    }

    fn reply(&self, reply: Reply, body: Body) -> (Completion, Output) {
        let status = reply.status;
        let outcome = if body.breaks_off() { Outcome::Failed } else { Outcome::of_status(status) };
        let headers = with_origin(reply, self.parsed);
        let output = Output::Reply { id: self.id, status, headers, body };
        (self.completion(outcome, Some(status)), output)
    }

    /// The answer of status 200 in the request's protocol.
    fn answer(&self, state: &State) -> (Reply, Body) {
        let (parsed, config, sequence) = (self.parsed, &state.config, self.sequence);
        let Intent::Generate(generation) = &parsed.intent else {
            // Only a valid request is given an answer.
            return (Reply::json(200, String::new()), Body::default());
        };
        let picture = Picture {
            hash: generation.prompt_hash,
            side: config.picture_size,
            bytes: self.work.image_bytes,
        };
        let asked = &parsed.model;
        let generated = self.work.generated();
        if parsed.protocol != Protocol::Gemini {
            let usage = billing::usage(config.seed, sequence, generation, &generated);
            let answer = Answer { generated: &generated, usage, model: asked, picture, sequence };
            return protocols::answer(parsed.protocol, &answer, &parsed.host, config.picture_as);
        }
        let known = config.models.contains_key(asked);
        let version = if known { asked.as_str() } else { generation.model.name };
        let text = gemini::indented(config.seed, sequence, generation, version, &generated);
        let mut reply = Reply::json(200, String::new());
        if !generation.is_vertex {
            reply.set("x-gemini-service-tier", generation.tier);
        }
        (reply, Body::drawn(&text, picture))
    }
}

fn cut(id: u64, headers: Vec<(String, String)>, body: &Body, fraction: f64) -> Output {
    let mut bytes = body.to_bytes();
    let content_length = bytes.len() as u64;
    // At least one byte is missing, or it would be no cut.
    let most = bytes.len().saturating_sub(1);
    bytes.truncate(((bytes.len() as f64 * fraction) as usize).min(most));
    Output::Cut { id, status: 200, headers, content_length, body_prefix: bytes }
}
