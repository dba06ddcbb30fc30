//! Sentences for people: a summary of an error, and advice on the way out.
//!
//! The recovery times are those of the guide that this project comes from: minutes for a burst,
//! midnight Pacific for a day's limit, 30 to 120 minutes for an overload, at once for a timeout.

use crate::base::slice::decimal;
use crate::errors::billed::may_be_billed;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;

/// Summary and advice by kind, in the order of [`Kind::ALL`]; `{}` is the model.
const BY_KIND: [(&str, &str); Kind::ALL.len()] = [
    // RateLimited.
    (
        "Too much was asked of {} in a short time.",
        "Wait, with delays that grow: a burst clears within seconds to 1 minute. Space \
         requests out (1 second between them removes most of these); \
         aistudio.google.com/rate-limit shows your limits, which count per project and \
         not per key. If it lasts all day, the limit per day is spent until midnight \
         Pacific.",
    ),
    // DailyQuota.
    (
        "The quota of {} is spent for today.",
        "The day's quota returns at midnight Pacific; a short delay that the service \
         names is not true. Until then use another model, which has a quota of its own, \
         the Batch API, whose quota is separate, or a higher tier.",
    ),
    // NotInTier.
    (
        "The quota of {} is 0 on this project's tier.",
        "Waiting never helps, whatever delay the service names. Image models have no free \
         tier: enable billing for the project, or use a model that the tier includes.",
    ),
    // SpendLimited.
    (
        "The account spent more within ten minutes than its tier allows, which stops all \
         its models.",
        "It clears by itself within ten minutes, and no other model of the account helps \
         meanwhile. Spread the pictures out, or use a cheaper model or size.",
    ),
    // Billing.
    (
        "The account has no money for this: its credit is used up, a spending cap is \
         reached, or billing is off.",
        "Waiting does not help: top up the credit, raise the spending cap, or enable \
         billing at aistudio.google.com.",
    ),
    // Overloaded.
    (
        "The service has no capacity left for {} at the moment.",
        "This is Google's capacity, and no quota or tier fixes it: wait 30 to 60 seconds \
         and longer, or fall back to another model. At peak hours (00:00-02:00, \
         09:00-11:00 and 20:00-23:00 UTC) it typically takes 30 to 120 minutes.",
    ),
    // Timeout.
    (
        "The request to {} ran out of time.",
        "Try again with a longer timeout (a 4K picture can take minutes before its first \
         byte), a smaller picture or a simpler prompt.",
    ),
    // ServerError.
    (
        "The service failed on the request to {}.",
        "Try again after a short delay that grows; if it lasts, fall back to another \
         model.",
    ),
    // Network.
    (
        "The connection failed or was cut, so the request to {} has no answer.",
        "Try again after a short delay; if it lasts, check the connection, DNS, proxy and \
         firewall, and in a browser the headers that CORS allows.",
    ),
    // Cancelled.
    (
        "The caller aborted the request to {}.",
        "Nothing: the caller ended it. If nobody did, a timeout of the client was too \
         short.",
    ),
    // InvalidRequest.
    (
        "The service refuses the request to {} as it stands.",
        "Do not repeat it unchanged: correct what the message names.",
    ),
    // Unauthenticated.
    (
        "The service does not accept the API key.",
        "Check that the key is set, complete and not expired. A key that was reported as \
         leaked is dead for good: make a new one at aistudio.google.com/apikey.",
    ),
    // Forbidden.
    (
        "The API key is not allowed this request to {}.",
        "Check whether the API is enabled in the project, which websites, addresses and \
         APIs the key is restricted to, and whether the service is offered in your \
         region.",
    ),
    // ModelNotFound.
    (
        "There is no such model here, or no longer: {}.",
        "Check the model's name, and `baseUrl`. Preview names and Imagen are retired, and some models \
         are closed to new accounts; gemini-nano-banana-2.1 is the successor.",
    ),
    // TooLarge.
    (
        "The request to {} is too large.",
        "Send fewer or smaller reference images (7 MB each at most), or a shorter prompt.",
    ),
    // Blocked.
    (
        "A safety or policy filter of {} refused the prompt or the picture.",
        "Do not repeat it unchanged: word the prompt differently, or use other reference \
         images. A refused picture is not billed.",
    ),
    // NoImage.
    (
        "The answer of {} holds no picture and names no refusal.",
        "One more try may help, more will not: ask for a picture in plain words, set \
         responseModalities to [\"IMAGE\"], or use another model.",
    ),
    // Unknown.
    (
        "The error is not one that is known.",
        "It is not retried, since nobody knows whether that would help or what it would \
         cost; read the message.",
    ),
    // Deadline.
    (
        "The deadline is over, or the next wait does not fit it.",
        "Give the call a later deadline, or a fallback model that is free sooner.",
    ),
    // OverBudget.
    (
        "The budget does not allow another request to {}.",
        "Raise the budget, or wait until its day is over.",
    ),
    // Closed.
    ("The client was closed.", "Make a new client."),
];

/// Advice where a certificate is not trusted.
pub(crate) const UNTRUSTED: &str = "The service's certificate is not trusted, which is the same on every try: on a company's \
     network its proxy shows a certificate of its own, whose authority Node.js trusts by \
     NODE_EXTRA_CA_CERTS=/path/to/ca.pem; else check the clock and `baseUrl`. Nothing was sent.";
/// Advice where a proxy asks for a login.
pub(crate) const PROXY: &str = "A proxy on the way wants a login (407): give it by HTTPS_PROXY, or leave the service out by \
     NO_PROXY. Nothing was sent to the service.";

/// Name of the unit that a limit counts, and advice where that is more than its kind says; in the
/// order of [`crate::errors::kind::Dimension`].
const BY_DIMENSION: [(&str, &str); 7] = [
    // RequestsPerMinute.
    (
        "requests per minute",
        "The window resets within 1 minute: wait for it, then space requests out; 1 \
         second between them removes most of these. Limits count per project and not per \
         key.",
    ),
    // TokensPerMinute.
    (
        "input tokens per minute",
        "The window resets within 1 minute: wait for it, then send fewer requests at \
         once, shorter prompts or fewer reference images.",
    ),
    // ImagesPerMinute.
    (
        "images per minute",
        "The window resets within 1 minute: wait for it, then ask for fewer pictures at once.",
    ),
    // RequestsPerDay.
    ("requests per day", ""),
    // TokensPerDay.
    ("tokens per day", ""),
    // Spend.
    ("dollars", ""),
    // EnqueuedTokens.
    (
        "tokens waiting in batches",
        "They are free again when batches finish: wait, cancel some, or send smaller ones.",
    ),
];

fn by_kind(kind: Kind) -> (&'static str, &'static str) {
    BY_KIND.get(kind as usize).copied().unwrap_or_default()
}

/// The words for the limit, where the kind is about one.
fn by_dimension(info: &ErrorInfo) -> Option<(&'static str, &'static str)> {
    let dimension =
        info.dimension.filter(|_| matches!(info.kind, Kind::RateLimited | Kind::DailyQuota));
    dimension.and_then(|dimension| BY_DIMENSION.get(dimension as usize).copied())
}

/// Writes the summary, one sentence, and the advice.
pub(crate) fn explain(info: &mut ErrorInfo, has_picture: bool) {
    let mut out = String::new();
    let (happened, to_do) = match info.kind {
        Kind::Unknown if has_picture => {
            ("The answer holds a picture: this is no error.", "Nothing: use the picture.")
        }
        kind => by_kind(kind),
    };
    let limit = by_dimension(info);
    if let Some((unit, _)) = limit {
        out.push_str(info.model.as_deref().unwrap_or("The project"));
        out.push_str(" is over its limit of ");
        if let Some(limit) = info.quota_limit {
            grouped(limit, &mut out);
            out.push(' ');
        }
        out.push_str(unit);
    } else {
        for part in happened.bytes() {
            match part {
                b'{' => out.push_str(info.model.as_deref().unwrap_or("the model")),
                b'}' | b'.' => {}
                _ => out.push(char::from(part)),
            }
        }
    }
    if let Some(delay) = info.retry_after {
        out.push_str("; the service asks to wait ");
        in_words(delay.0, &mut out);
    }
    out.push('.');
    info.summary = out;
    let more = limit.map_or("", |(_, more)| more);
    info.advice = if more.is_empty() { to_do } else { more }.to_owned();
    if may_be_billed(info) {
        info.advice.push_str(" The lost answer may have been billed.");
    }
}

/// `1,000,000`.
fn grouped(number: u64, out: &mut String) {
    let mut digits = String::new();
    decimal(number, &mut digits);
    for (index, digit) in digits.bytes().enumerate() {
        let left = digits.len().saturating_sub(index);
        if index > 0 && left.is_multiple_of(3) {
            out.push(',');
        }
        out.push(char::from(digit));
    }
}

/// `31.8 s`, `12 min`, `11 h 29 min`; rounded up, as the wait itself is.
fn in_words(ms: u64, out: &mut String) {
    let minutes = ms.div_ceil(60_000);
    if ms < 120_000 {
        let tenths = ms.div_ceil(100);
        decimal(tenths / 10, out);
        if !tenths.is_multiple_of(10) {
            out.push('.');
            decimal(tenths % 10, out);
        }
        out.push_str(" s");
        return;
    }
    if minutes >= 120 {
        decimal(minutes / 60, out);
        out.push_str(" h ");
    }
    decimal(if minutes < 120 { minutes } else { minutes % 60 }, out);
    out.push_str(" min");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Millis;
    use crate::errors::kind::Dimension;

    #[test]
    fn every_kind_has_its_sentences() {
        for kind in Kind::ALL {
            let (happened, to_do) = by_kind(kind);
            assert_eq!(Kind::ALL.get(kind as usize), Some(&kind), "the order is that of ALL");
            assert!(happened.ends_with(".") && to_do.ends_with("."), "{kind:?}");
            assert_eq!(happened.matches('.').count(), 1, "one sentence, no other stop: {happened}");
        }
        let spent = by_kind(Kind::DailyQuota).1;
        assert!(spent.contains("midnight Pacific"), "{spent}");
        let overloaded = by_kind(Kind::Overloaded).1;
        assert!(overloaded.contains("30 to 120 minutes"), "{overloaded}");
    }

    #[test]
    fn a_limit_is_told_with_its_number_model_and_window() {
        let mut info = ErrorInfo {
            dimension: Some(Dimension::TokensPerMinute),
            quota_limit: Some(1_000_000),
            model: Some("gemini-3-pro-image".to_owned()),
            retry_after: Some(Millis(642)),
            ..ErrorInfo::new(Kind::RateLimited)
        };
        explain(&mut info, false);
        assert_eq!(
            info.summary,
            "gemini-3-pro-image is over its limit of 1,000,000 input tokens per minute; \
             the service asks to wait 0.7 s."
        );
        assert!(info.advice.contains("within 1 minute"), "{}", info.advice);
        info.dimension = None;
        info.model = None;
        info.retry_after = None;
        explain(&mut info, false);
        assert_eq!(info.summary, "Too much was asked of the model in a short time.");
    }

    #[test]
    fn delays_are_told_in_fitting_units() {
        for (ms, words) in [
            (0, "0 s"),
            (1, "0.1 s"),
            (31_773, "31.8 s"),
            (95_000, "95 s"),
            (720_000, "12 min"),
            (41_310_000, "11 h 29 min"),
        ] {
            let mut out = String::new();
            in_words(ms, &mut out);
            assert_eq!(out, words);
        }
    }
}
