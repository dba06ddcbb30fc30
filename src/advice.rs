//! What happened, and what to do about it, in sentences for people.
//!
//! The recovery times are those of the guide that this project comes from: minutes for a burst,
//! midnight Pacific for a day's limit, 30 to 120 minutes for an overload, at once for a timeout.

use crate::info::ErrorInfo;
use crate::kind::{Dimension, Kind};

/// What a limit counts, in words, and its window.
const fn units(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::RequestsPerMinute => "requests per minute",
        Dimension::TokensPerMinute => "input tokens per minute",
        Dimension::ImagesPerMinute => "images per minute",
        Dimension::RequestsPerDay => "requests per day",
        Dimension::TokensPerDay => "tokens per day",
        Dimension::Spend => "dollars of spending",
        Dimension::EnqueuedTokens => "tokens waiting in batches",
    }
}

/// What happened, by kind, where no limit is named; `{}` is the model.
const fn happened(kind: Kind) -> &'static str {
    match kind {
        Kind::RateLimited => {
            "The service refused the request for {} because too much was asked of it in a short time."
        }
        Kind::DailyQuota => "The quota for {} is spent for today.",
        Kind::NotInTier => "The quota for {} is 0 on this project's tier.",
        Kind::SpendLimited => {
            "The account has spent more within ten minutes than its tier allows, which stops all its models."
        }
        Kind::Billing => {
            "The account has no money for this: its credit is used up, a spending cap is reached, or billing is off."
        }
        Kind::Overloaded => "The service has no capacity left for {} at the moment.",
        Kind::Timeout => "The request to {} ran out of time before an answer came.",
        Kind::ServerError => "The service failed while it worked on the request to {}.",
        Kind::Network => {
            "The connection to the service failed or was cut, so the request to {} has no answer."
        }
        Kind::Cancelled => "The caller aborted the request to {}.",
        Kind::InvalidRequest => "The service refuses the request to {} as it stands.",
        Kind::Unauthenticated => "The service does not accept the API key.",
        Kind::Forbidden => {
            "The service knows the API key, and does not allow it this request to {}."
        }
        Kind::ModelNotFound => "There is no such model here, or no longer: {}.",
        Kind::TooLarge => "The request to {} is too large.",
        Kind::Blocked => {
            "The prompt or the picture was refused by a safety or policy filter of {}."
        }
        Kind::NoImage => "The answer of {} holds no picture and names no refusal.",
        Kind::Unknown => "The error is not one that is known.",
        Kind::Deadline => "The deadline is over, or the next wait does not fit it.",
        Kind::OverBudget => "The budget does not allow another request to {}.",
        Kind::Closed => "The client was closed.",
    }
}

/// What to do, by kind; where a limit is named, [`per_limit`] says more.
const fn to_do(kind: Kind) -> &'static str {
    match kind {
        Kind::RateLimited => {
            "Wait, then try again with growing delays: a burst clears within seconds to 1 minute. Space requests out (1 second between them removes most of these), and look at aistudio.google.com/rate-limit, for limits count per project and not per key. Where it lasts all day, the limit per day is spent until midnight Pacific."
        }
        Kind::DailyQuota => {
            "Nothing short helps: the day's quota returns at midnight Pacific. Until then use another model, which has a quota of its own, the Batch API, whose quota is separate, or a higher tier."
        }
        Kind::NotInTier => {
            "Waiting never helps, whatever delay the service names. Image models have no free tier: enable billing for the project in Google AI Studio, or use a model that the tier includes."
        }
        Kind::SpendLimited => {
            "It clears by itself within ten minutes; meanwhile another model of the same account is refused too. Spread the pictures out, use a cheaper model or size, or let the account reach a higher tier."
        }
        Kind::Billing => {
            "Waiting does not help: top up the prepaid credit, raise the spending cap, or enable billing for the project at aistudio.google.com, then try again."
        }
        Kind::Overloaded => {
            "This is Google's capacity and no quota or tier fixes it: wait with longer delays (30 to 60 seconds), or fall back to another model. At peak hours (00:00-02:00, 09:00-11:00 and 20:00-23:00 UTC) it typically takes 30 to 120 minutes."
        }
        Kind::Timeout => {
            "Try again with a longer timeout (a 4K picture can take minutes before its first byte), a smaller picture or a simpler prompt. The lost answer may have been billed."
        }
        Kind::ServerError => {
            "Try again after a short delay that grows; where it lasts, look at the status page of the service and fall back to another model."
        }
        Kind::Network => {
            "Try again after a short delay; where it lasts, check the connection, DNS, proxy and firewall, and in a browser the headers that CORS allows. An answer that was lost on the way may have been billed."
        }
        Kind::Cancelled => {
            "Nothing: the caller ended it. If nobody did, a timeout in the client was too short."
        }
        Kind::InvalidRequest => {
            "Do not repeat it unchanged: correct the field that the message names. Picture sizes go into imageConfig.imageSize as \"1K\", \"2K\" or \"4K\"."
        }
        Kind::Unauthenticated => {
            "Check the API key: that it is set, complete and not expired. A key that was reported as leaked is dead for good; make a new one at aistudio.google.com/apikey."
        }
        Kind::Forbidden => {
            "Check what the key may do: whether the API is enabled in the project, which websites, addresses and APIs the key is restricted to, and whether the service is offered in your region."
        }
        Kind::ModelNotFound => {
            "Check the model's name. Preview names and Imagen are retired, and some models are closed to new accounts; gemini-nano-banana-2.1 is the successor."
        }
        Kind::TooLarge => {
            "Send fewer or smaller reference images (7 MB each at most), upload them as files, or shorten the prompt."
        }
        Kind::Blocked => {
            "Do not repeat it unchanged: word the prompt differently or use other reference images. A refused picture is not billed."
        }
        Kind::NoImage => {
            "One more try may help, more will not: ask for a picture in plain words, set responseModalities to [\"IMAGE\"], or use another model."
        }
        Kind::Unknown => {
            "It is not retried, since nobody knows whether that would help or cost; read the message."
        }
        Kind::Deadline => {
            "Give the call a later deadline, or a fallback model that is free sooner."
        }
        Kind::OverBudget => "Raise the budget, or wait until its day is over.",
        Kind::Closed => "Make a new client.",
    }
}

/// What to do about a limit that is named.
const fn per_limit(dimension: Dimension) -> Option<&'static str> {
    Some(match dimension {
        Dimension::RequestsPerMinute => {
            "The window resets within 1 minute: wait for it, then space requests out; 1 second between them removes most of these errors. Limits count per project and not per key."
        }
        Dimension::TokensPerMinute => {
            "The window resets within 1 minute: wait for it, then send fewer requests at once, shorter prompts or fewer reference images. Limits count per project and not per key."
        }
        Dimension::ImagesPerMinute => {
            "The window resets within 1 minute: wait for it, then ask for fewer pictures at once. Limits count per project and not per key."
        }
        Dimension::RequestsPerDay => {
            "The day's quota returns at midnight Pacific, and a shorter delay that the service names is not true. Until then use another model, which has a quota of its own, the Batch API, whose quota is separate, or a higher tier."
        }
        Dimension::EnqueuedTokens => {
            "The tokens are free again when batches finish: wait for them, cancel some, or send smaller ones."
        }
        Dimension::TokensPerDay | Dimension::Spend => return None,
    })
}

const HAS_PICTURE: &str = "The answer holds a picture: this is no error.";

/// One sentence: what happened.
pub(crate) fn summary(info: &ErrorInfo, has_picture: bool) -> String {
    if has_picture && info.kind == Kind::Unknown {
        return HAS_PICTURE.to_owned();
    }
    let model = info.model.as_deref();
    let mut out = String::new();
    match (info.kind, info.dimension) {
        (Kind::RateLimited | Kind::DailyQuota, Some(dimension)) => {
            out.push_str(model.unwrap_or("The project"));
            out.push_str(" is over its limit of ");
            if let Some(limit) = info.quota_limit {
                grouped(limit, &mut out);
                out.push(' ');
            }
            out.push_str(units(dimension));
        }
        (kind, _) => {
            let (before, after) = happened(kind).split_once("{}").unwrap_or((happened(kind), ""));
            out.push_str(before);
            if !after.is_empty() {
                out.push_str(model.unwrap_or("the model"));
            }
            out.push_str(after.trim_end_matches('.'));
        }
    }
    if let Some(delay) = info.retry_after {
        out.truncate(out.trim_end_matches('.').len());
        out.push_str("; the service asks to wait ");
        in_words(delay.0, &mut out);
    }
    if !out.ends_with('.') {
        out.push('.');
    }
    out
}

/// What to do about it.
pub(crate) fn advice(info: &ErrorInfo, has_picture: bool) -> String {
    if has_picture && info.kind == Kind::Unknown {
        return "Nothing: use the picture.".to_owned();
    }
    let limit = match info.kind {
        Kind::RateLimited | Kind::DailyQuota => info.dimension.and_then(per_limit),
        _ => None,
    };
    limit.unwrap_or_else(|| to_do(info.kind)).to_owned()
}

/// `1,000,000`.
fn grouped(number: u64, out: &mut String) {
    let digits = number.to_string();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(index);
        if index > 0 && left.checked_rem(3) == Some(0) {
            out.push(',');
        }
        out.push(digit);
    }
}

/// `31.8 s`, `12 min`, `11 h 29 min`; rounded up, as the wait itself is.
fn in_words(ms: u64, out: &mut String) {
    let minutes = ms.div_ceil(60_000);
    if ms < 120_000 {
        let tenths = ms.div_ceil(100);
        out.push_str(&(tenths / 10).to_string());
        if tenths % 10 > 0 {
            out.push('.');
            out.push_str(&(tenths % 10).to_string());
        }
        out.push_str(" s");
    } else if minutes < 120 {
        out.push_str(&minutes.to_string());
        out.push_str(" min");
    } else {
        out.push_str(&(minutes / 60).to_string());
        out.push_str(" h ");
        out.push_str(&(minutes % 60).to_string());
        out.push_str(" min");
    }
}
