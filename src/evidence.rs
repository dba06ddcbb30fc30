//! What an error says, gathered from wherever it stands, before anything is decided.
//!
//! Each finding has a level: how deep it stood in objects and in texts inside texts. The
//! innermost status is the service's own; what wraps it is some client's or gateway's.

use crate::fold::{one_line, squeeze};
use crate::hint;
use crate::time::{Millis, WallTime};
use crate::violation::Quotas;

/// All sentences together are kept up to this length, in squeezed form.
const SAID_MAX: usize = 96 * 1024;
const WORD_MAX: usize = 80;
/// The length of the message that is kept, in bytes.
pub(crate) const MESSAGE_MAX: usize = 1_000;

/// The fields that are known, wherever they stand and however they are spelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Field {
    QuotaId,
    QuotaMetric,
    QuotaValue,
    QuotaLimit,
    QuotaDimensions,
    Metric,
    Limit,
    Model,
    ModelVersion,
    RetryDelay,
    RetrySeconds,
    RetryMillis,
    Seconds,
    Nanos,
    Code,
    Status,
    Reason,
    Param,
    Name,
    Message,
    Finish,
    Block,
    Filtered,
    Key,
    Value,
    Url,
    Error,
    Headers,
    Skip,
}

/// Fields by name, in lower case and without `_` and `-`.
const FIELDS: &[(&str, Field)] = &[
    ("quotaid", Field::QuotaId),
    ("quotametric", Field::QuotaMetric),
    ("quotavalue", Field::QuotaValue),
    ("quotalimitvalue", Field::QuotaValue),
    ("quotalimit", Field::QuotaLimit),
    ("quotadimensions", Field::QuotaDimensions),
    ("metric", Field::Metric),
    ("limit", Field::Limit),
    ("model", Field::Model),
    ("modelversion", Field::ModelVersion),
    ("retrydelay", Field::RetryDelay),
    ("quotaresetdelay", Field::RetryDelay),
    ("retryafter", Field::RetrySeconds),
    ("retryafterseconds", Field::RetrySeconds),
    ("retryafterms", Field::RetryMillis),
    ("retrydelayms", Field::RetryMillis),
    ("seconds", Field::Seconds),
    ("nanos", Field::Nanos),
    ("code", Field::Code),
    ("errorcode", Field::Code),
    ("status", Field::Status),
    ("statuscode", Field::Status),
    ("httpstatus", Field::Status),
    ("httpcode", Field::Status),
    ("reason", Field::Reason),
    ("type", Field::Reason),
    ("param", Field::Param),
    ("name", Field::Name),
    ("message", Field::Message),
    ("msg", Field::Message),
    ("detail", Field::Message),
    ("errormessage", Field::Message),
    ("errordescription", Field::Message),
    ("finishmessage", Field::Message),
    ("blockreasonmessage", Field::Message),
    ("finishreason", Field::Finish),
    ("blockreason", Field::Block),
    ("raifilteredreason", Field::Filtered),
    ("key", Field::Key),
    ("value", Field::Value),
    ("url", Field::Url),
    ("error", Field::Error),
    ("headers", Field::Headers),
    ("responseheaders", Field::Headers),
    // What the caller sent, and where it happened, says nothing of what went wrong.
    ("stack", Field::Skip),
    ("config", Field::Skip),
    ("request", Field::Skip),
    ("requestbodyvalues", Field::Skip),
    ("requestbody", Field::Skip),
    ("options", Field::Skip),
    ("contents", Field::Skip),
    ("links", Field::Skip),
    ("usagemetadata", Field::Skip),
    ("thoughtsignature", Field::Skip),
    ("domain", Field::Skip),
    ("requestid", Field::Skip),
];

/// The field of this name.
pub(crate) fn field(name: &str) -> Option<Field> {
    let plain = || {
        name.bytes()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(|byte| byte.to_ascii_lowercase())
    };
    FIELDS.iter().find(|(known, _)| plain().eq(known.bytes())).map(|row| row.1)
}

/// The canonical status names and their HTTP status (google/rpc/code.proto).
const CANONICAL: &[(&str, u16)] = &[
    ("CANCELLED", 499),
    ("UNKNOWN", 500),
    ("INVALID_ARGUMENT", 400),
    ("DEADLINE_EXCEEDED", 504),
    ("NOT_FOUND", 404),
    ("ALREADY_EXISTS", 409),
    ("PERMISSION_DENIED", 403),
    ("RESOURCE_EXHAUSTED", 429),
    ("FAILED_PRECONDITION", 400),
    ("ABORTED", 409),
    ("OUT_OF_RANGE", 400),
    ("UNIMPLEMENTED", 501),
    ("INTERNAL", 500),
    ("UNAVAILABLE", 503),
    ("DATA_LOSS", 500),
    ("UNAUTHENTICATED", 401),
];

/// The HTTP status of a canonical status name.
pub(crate) fn canonical(name: &str) -> Option<u16> {
    CANONICAL.iter().find(|(known, _)| *known == name).map(|row| row.1)
}

/// Where a model's name stood; a later one outranks an earlier one.
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

/// What was found.
pub(crate) struct Evidence {
    now: WallTime,
    keyed: Option<Status>,
    /// The last number in a sentence that is a status, with its level.
    prose: Option<(u32, u16)>,
    /// The gRPC number, which counts where nothing else does.
    grpc: Option<u16>,
    payment: bool,
    /// The answer itself was a success.
    pub(crate) ok: bool,
    /// There is an `error`, whatever the answer's status says.
    pub(crate) error: bool,
    /// Whether an answer of the model holds a picture, where there is such an answer.
    pub(crate) picture: Option<bool>,
    /// The largest delay that the server named.
    pub(crate) delay: Option<Millis>,
    /// Every sentence, squeezed.
    pub(crate) said: String,
    /// Every code, reason and other name in capitals, squeezed.
    pub(crate) words: String,
    /// The limits that were named.
    pub(crate) quotas: Quotas,
    model: Option<(Place, String)>,
    message: Option<(u32, String)>,
    /// The whole seconds of a delay in two fields.
    seconds: Option<Millis>,
    after: Option<Field>,
    /// Limits are taken in; not so while a text is read a second time.
    pub(crate) takes_limits: bool,
}

impl Evidence {
    pub(crate) fn new(now: WallTime) -> Self {
        Self {
            now,
            keyed: None,
            prose: None,
            grpc: None,
            payment: false,
            ok: false,
            error: false,
            picture: None,
            delay: None,
            said: String::new(),
            words: String::new(),
            quotas: Quotas::default(),
            model: None,
            message: None,
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

    /// A delay that the server named.
    pub(crate) fn delay(&mut self, delay: Option<Millis>) {
        self.delay = self.delay.max(delay);
    }

    /// A code or other name.
    pub(crate) fn word(&mut self, word: &str) {
        if word.len() <= WORD_MAX && self.words.len() < SAID_MAX {
            squeeze(word, &mut self.words);
        }
    }

    /// A name in capitals that stood in a sentence.
    pub(crate) fn capitals(&mut self, level: u32, word: &str, is_status: bool) {
        self.word(word);
        // One English word proves nothing by itself.
        let is_sure = is_status || word.contains('_') || word == "UNAVAILABLE";
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

    /// What the service said, kept where nothing deeper is.
    pub(crate) fn says(&mut self, level: u32, text: &str) {
        if self.message.as_ref().is_none_or(|(had, _)| *had <= level) {
            let line = one_line(text, MESSAGE_MAX);
            if !line.is_empty() {
                self.message = Some((level, line));
            }
        }
    }

    /// A model's name.
    pub(crate) fn names(&mut self, place: Place, text: &str) {
        let Some(model) = model_id(text) else { return };
        let is_cut = |had: &str| {
            model.len() > had.len() && model.starts_with(had) && {
                // A frame cut the name in the other reading.
                had.ends_with(['-', '.'])
            }
        };
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
            Field::Key => self.after = after,
            Field::Value if after == Some(Field::Key) => {
                self.model_field(Some(Field::QuotaDimensions), value);
            }
            Field::ModelVersion => self.names(Place::Version, value),
            Field::RetryDelay => self.delay(hint::seconds(value)),
            Field::RetrySeconds => self.delay(hint::retry_after(value, self.now)),
            Field::RetryMillis => {
                self.delay(hint::seconds(value).map(|delay| Millis(delay.0.div_ceil(1_000))));
            }
            Field::Seconds if after == Some(Field::RetryDelay) => {
                self.seconds = hint::seconds(value);
                self.delay(self.seconds);
            }
            Field::Nanos if after == Some(Field::Seconds) => {
                let nanos = value.parse().unwrap_or(0_u64);
                let part = Millis(nanos.div_ceil(1_000_000));
                self.delay(self.seconds.map(|seconds| seconds + part));
            }
            Field::Code | Field::Status | Field::Param => self.code(level, field, value),
            Field::Reason | Field::Name => self.word(value),
            Field::Finish => self.labelled("finish ", value),
            Field::Block => self.labelled("block ", value),
            Field::Filtered => self.labelled("block ", "filtered"),
            Field::Message
            | Field::Seconds
            | Field::Nanos
            | Field::Value
            | Field::Url
            | Field::Error
            | Field::Headers
            | Field::Skip => {}
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

    fn labelled(&mut self, label: &str, value: &str) {
        let mut word = label.to_owned();
        word.push_str(value.get(..WORD_MAX.min(value.len())).unwrap_or(""));
        squeeze(&word, &mut self.words);
    }

    fn code(&mut self, level: u32, field: Field, value: &str) {
        match value.parse::<u16>() {
            Ok(code @ 400..=599) => self.keyed(level, false, code),
            Ok(200..=299) => self.ok = true,
            Ok(code @ 1..=16) if field == Field::Code => {
                let name = usize::from(code).checked_sub(1);
                self.grpc = name.and_then(|index| CANONICAL.get(index)).map(|row| row.1);
            }
            Ok(_) => {}
            Err(_) if field == Field::Param => {}
            Err(_) => {
                self.word(value);
                if let Some(code) = canonical(value) {
                    self.keyed(level, true, code);
                }
            }
        }
    }
}

/// A model's id without `models/`, what a lost line end left behind it, and the full stop.
pub(crate) fn model_id(text: &str) -> Option<String> {
    let text = text.trim_start_matches(['"', '\'', ' ']);
    let text = text.rsplit_once("models/").map_or(text, |(_, id)| id);
    let is_id = |byte: &u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    let length = text.bytes().take_while(is_id).count();
    let (id, rest) = text.split_at_checked(length)?;
    let is_glued = rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '*');
    let id = match id.strip_suffix('n') {
        Some(cut) if is_glued || (id.starts_with("gemini") && cut.ends_with("-image")) => cut,
        _ => id,
    };
    let id = id.trim_end_matches(['.', ':']);
    let is_model = id.contains('-') || ["gemini", "imagen"].iter().any(|name| id.starts_with(name));
    (is_model && id.len() >= 5 && id.len() <= 100).then(|| id.to_owned())
}
