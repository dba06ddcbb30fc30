//! All that an error says, gathered from wherever it stands, before anything is decided.
//!
//! Each finding has a level: how deep it stood in objects and in texts inside texts. The
//! innermost status is the service's own; what wraps it is some client's or gateway's.

use crate::base::slice::{after_last, bounded, digits, integer, lists, skip, skip_back, until};
use crate::base::time::{Millis, WallTime};
use crate::errors::field::{self, Field};
use crate::errors::hint;
use crate::errors::normalize::{one_line, squeeze};
use crate::errors::status::{CANONICAL, canonical};
use crate::errors::violations::Quotas;
use crate::protocol::address::is_redirect;

/// All sentences together are kept up to this length, in squeezed form.
const SAID_MAX: usize = 96 * 1024;
/// Names have room beside them, since a long text must not crowd them out.
const WORDS_MAX: usize = 16 * 1024;
const WORD_MAX: usize = 80;
const SAYS_MAX: u16 = 200;
const MODEL_MAX: usize = 100;
/// The length of the message that is kept, in bytes.
pub(crate) const MESSAGE_MAX: usize = 1_000;

/// The place in which a model's name stood; a later one outranks an earlier one.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Place {
    Version,
    Address,
    Sentence,
    Field,
}

#[derive(Clone, Copy)]
struct Status {
    level: u32,
    /// By name, which a number on the same level does not outrank.
    named: bool,
    code: u16,
}

/// All findings of one error.
pub(crate) struct Evidence {
    now: WallTime,
    keyed: Option<Status>,
    /// The last number in a sentence that is a status, with its level.
    prose: Option<(u32, u16)>,
    /// The gRPC number, which counts where nothing else does.
    grpc: Option<u16>,
    payment: bool,
    /// The status of an answer that leads elsewhere.
    pub(crate) moved: Option<u16>,
    /// The address that it leads to, as its header says.
    pub(crate) location: Option<String>,
    /// The answer itself was a success.
    pub(crate) ok: bool,
    /// There is an `error`, whatever the answer's status says.
    pub(crate) error: bool,
    /// Whether an answer of the model holds a picture, where there is such an answer.
    pub(crate) picture: Option<bool>,
    /// The largest delay that the server named.
    pub(crate) delay: Option<Millis>,
    /// When a limit is said to be free again, which counts where no delay is named.
    pub(crate) reset: Option<Millis>,
    /// Every sentence, and every code, reason and other name in capitals, squeezed.
    pub(crate) said: String,
    /// The limits that were named.
    pub(crate) quotas: Quotas,
    model: Option<(Place, String)>,
    message: Option<(u32, String)>,
    /// How many more sentences are considered.
    says_left: u16,
    /// The whole seconds of a delay in two fields.
    seconds: Option<Millis>,
    after: Option<Field>,
    /// Limits are taken in; not so while a text is read a second time.
    pub(crate) takes_limits: bool,
}

/// Whether a field is one of a limit, as an ErrorInfo's metadata names it.
fn is_quota(field: Field) -> bool {
    matches!(field, Field::QuotaId | Field::QuotaLimit | Field::QuotaMetric | Field::QuotaValue)
}

impl Evidence {
    pub(crate) fn new(now: WallTime) -> Self {
        Self {
            now,
            keyed: None,
            prose: None,
            grpc: None,
            payment: false,
            moved: None,
            location: None,
            ok: false,
            error: false,
            picture: None,
            delay: None,
            reset: None,
            said: String::new(),
            quotas: Quotas::default(),
            model: None,
            message: None,
            says_left: SAYS_MAX,
            seconds: None,
            after: None,
            takes_limits: true,
        }
    }

    /// The status that counts: the innermost, by name before by number before by sentence.
    pub(crate) fn status(&self) -> Option<u16> {
        let by_sentence = self.prose.map(|(_, code)| code);
        let status = match self.keyed {
            Some(keyed) if keyed.named => Some(keyed.code),
            // A relay's own number stands around the sentence that tells the service's.
            Some(keyed) => match self.prose {
                Some((level, code)) if level > keyed.level => Some(code),
                _ => Some(keyed.code),
            },
            None => by_sentence.or(self.grpc),
        };
        // Since September 2026 an empty balance is a 402 whose name is still RESOURCE_EXHAUSTED.
        if self.payment && matches!(status, Some(402 | 429)) { Some(402) } else { status }
    }

    /// The model, from the best place that names it.
    pub(crate) fn model(&self) -> Option<&str> {
        self.model.as_ref().map(|(_, name)| name.as_str())
    }

    /// The innermost sentence.
    pub(crate) fn message(&self) -> &str {
        self.message.as_ref().map_or("", |(_, text)| text.as_str())
    }

    fn keyed(&mut self, level: u32, named: bool, code: u16) {
        self.payment |= code == 402;
        let outranked = self
            .keyed
            .is_some_and(|had| had.level > level || (had.level == level && had.named && !named));
        if !outranked {
            self.keyed = Some(Status { level, named, code });
        }
    }

    /// A status by number in a sentence.
    pub(crate) fn number(&mut self, level: u32, code: u16) {
        self.payment |= code == 402;
        if self.prose.is_none_or(|(had, _)| had <= level) {
            self.prose = Some((level, code));
        }
    }

    /// A delay that the server named by a moment, which is told by the server's own clock where its
    /// answer has a date.
    pub(crate) fn delay_by(&mut self, text: &str, date: Option<WallTime>) {
        self.delay(hint::retry_after(text, date.unwrap_or(self.now)));
    }

    /// A delay that the server named.
    pub(crate) fn delay(&mut self, delay: Option<Millis>) {
        self.delay = self.delay.max(delay);
    }

    /// A code or other name.
    pub(crate) fn word(&mut self, word: &str) {
        if word.len() <= WORD_MAX && self.said.len() < SAID_MAX + WORDS_MAX {
            squeeze(word, &mut self.said);
        }
    }

    /// A name in capitals that stood in a sentence.
    pub(crate) fn capitals(&mut self, level: u32, word: &str, is_status: bool) {
        self.word(word);
        // One English word proves nothing by itself.
        let is_sure = is_status || word.bytes().any(|byte| byte == b'_') || word == "UNAVAILABLE";
        if let Some(code) = canonical(word).filter(|_| is_sure) {
            self.keyed(level, true, code);
        }
    }

    /// A sentence, for the rules that go by words.
    pub(crate) fn sentence(&mut self, text: &str) {
        if self.said.len().saturating_add(text.len()) <= SAID_MAX {
            squeeze(text, &mut self.said);
        }
    }

    /// Keeps a sentence of the service as the message, unless a deeper one is known.
    pub(crate) fn says(&mut self, level: u32, text: &str) {
        if self.says_left > 0 && self.message.as_ref().is_none_or(|(had, _)| *had <= level) {
            self.says_left = self.says_left.saturating_sub(1);
            let line = one_line(text, MESSAGE_MAX);
            if !line.is_empty() {
                self.message = Some((level, line));
            }
        }
    }

    /// A model's name.
    pub(crate) fn names(&mut self, place: Place, text: &str) {
        let Some(model) = model_id(text) else { return };
        // A frame cut the name in the other reading.
        let is_cut = |had: &str| had.ends_with("-") && model.starts_with(had);
        if self.model.as_ref().is_none_or(|(had, name)| *had < place || is_cut(name)) {
            self.model = Some((place, model));
        }
    }

    /// A known field with its value; a container that is opened under it has none.
    pub(crate) fn entry(&mut self, level: u32, field: Field, value: &str) {
        let after = self.after.replace(field);
        match field {
            Field::QuotaId
            | Field::QuotaMetric
            | Field::QuotaValue
            | Field::QuotaLimit
            | Field::QuotaDimensions
            | Field::Metric
            | Field::Limit => {
                if self.takes_limits {
                    self.quotas.take(field, after, value);
                }
            }
            Field::Model => self.model_field(after, value),
            // protobuf text: `key: "model"` and, on the next line, `value: "…"`.
            Field::Key if value == "model" => self.after = Some(Field::Key),
            // Of an ErrorInfo's metadata in the same spelling.
            Field::Key => {
                let named = field::field(value).filter(|named| is_quota(*named));
                self.after = named.or(after);
            }
            Field::Value if after.is_some_and(is_quota) => {
                if let Some(named) = after {
                    self.entry(level, named, value);
                }
            }
            Field::Value if after == Some(Field::Key) => {
                self.model_field(Some(Field::QuotaDimensions), value);
            }
            Field::ModelVersion => self.names(Place::Version, value),
            Field::RetryDelay => self.delay(hint::seconds(value)),
            Field::RetrySeconds => self.delay(hint::retry_after(value, self.now)),
            Field::RetryReset => self.reset = self.reset.max(hint::reset(value, self.now)),
            Field::RetryMillis => self.delay(hint::millis(value)),
            Field::Seconds if after == Some(Field::RetryDelay) => {
                self.seconds = hint::seconds(value);
                self.delay(self.seconds);
            }
            // protobuf leaves out seconds that are 0.
            Field::Nanos if matches!(after, Some(Field::Seconds | Field::RetryDelay)) => {
                let nanos = integer(digits(value).0).unwrap_or(0);
                let part = Millis(nanos.div_ceil(1_000_000)).min(hint::LONGEST);
                let whole = self.seconds.filter(|_| after == Some(Field::Seconds));
                self.delay(Some(whole.unwrap_or(Millis::ZERO) + part));
            }
            Field::Code | Field::Status | Field::Param => self.code(level, field, value),
            Field::Reason | Field::Name => self.word(value),
            Field::Finish => self.labelled("finish for ", value),
            Field::Block => self.labelled("block for ", value),
            Field::Filtered => self.labelled("block for ", "filtered"),
            Field::Message
            | Field::Seconds
            | Field::Nanos
            | Field::Value
            | Field::Url
            | Field::Error
            | Field::Headers
            | Field::Skip => self.after = after,
        }
    }

    fn model_field(&mut self, after: Option<Field>, value: &str) {
        let Some(model) = model_id(value) else { return };
        if !self.takes_limits || !self.quotas.model(after, &model) {
            self.names(Place::Field, &model);
        }
        // The fields of one violation may stand around its model.
        self.after = after;
    }

    /// A reason under its label; Python writes `FinishReason.STOP`, and `None` where there is none.
    fn labelled(&mut self, label: &str, value: &str) {
        let reason = after_last(bounded(value, WORD_MAX / 2), ".").unwrap_or(value);
        if !lists("none null undefined BLOCK_REASON_UNSPECIFIED", skip_back(reason, ":")) {
            self.word(&[label, reason].concat());
        }
    }

    fn code(&mut self, level: u32, field: Field, value: &str) {
        match integer(value).map(|code| u16::try_from(code).unwrap_or(0)) {
            Some(code @ 400..=599) => self.keyed(level, false, code),
            Some(200..=299) => self.ok = true,
            // The field of an HTTP answer: a `code` may count anything.
            Some(code) if field == Field::Status && is_redirect(code) => self.moved = Some(code),
            Some(code @ 1..=16) if field == Field::Code => {
                let index = usize::from(code).saturating_sub(1);
                self.grpc = CANONICAL.get(index).map(|row| row.1);
            }
            Some(_) => {}
            None if field == Field::Param => {}
            None => {
                // The Interactions API's code of a spent day; the same words are a sentence too.
                let is_day = value == "quota_exceeded";
                self.word(if is_day { "code quota_exceeded" } else { value });
                if let Some(code) = canonical(value) {
                    self.keyed(level, true, code);
                }
            }
        }
    }
}

/// A model's id without `models/`, what a lost line end left behind it, and the full stop.
pub(crate) fn model_id(text: &str) -> Option<String> {
    let text = skip(bounded(text, 2 * MODEL_MAX), " \"'`");
    let text = after_last(until(text, " "), "models/").unwrap_or(text);
    let rest = skip(text, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    let id = bounded(text, text.len().saturating_sub(rest.len()));
    let is_glued =
        rest.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase() || byte == b'*');
    let id = match id.strip_suffix("n") {
        Some(cut) if is_glued || (id.starts_with("gemini") && cut.ends_with("-image")) => cut,
        _ => id,
    };
    let id = skip_back(id, ".");
    let is_model = id.bytes().any(|byte| byte == b'-') || id.starts_with("gemini");
    (is_model && (5..=MODEL_MAX).contains(&id.len())).then(|| id.to_owned())
}
