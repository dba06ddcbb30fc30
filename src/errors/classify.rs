//! Outcome in, [`ErrorInfo`] out: what an error means, what limit it is about, what to do.
//!
//! All that an error says is gathered first, wherever it stands (`walk`, `scan`, `reader`); then
//! one table decides (`rules`), structure before status before sentences.

use crate::base::pacific::next_midnight;
use crate::base::time::{Millis, WallTime};
use crate::base::value::Value;
use crate::errors::advice;
use crate::errors::evidence::Evidence;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind, Retry};
use crate::errors::limit_name::{counts_tokens, dimension_in_words, is_per_day};
use crate::errors::local::{OPAQUE, redirected};
use crate::errors::network::{LOST, UNSENT, UNTRUSTED};
use crate::errors::normalize::Said;
use crate::errors::rules::{Look, NONE, QUOTA, RATE, RULES, class};
use crate::errors::violations::Limits;
use crate::errors::walk;

/// From here on a delay speaks of a day's limit.
const HOURS: Millis = Millis(3_600_000);
/// The window in which the service counts spending (rate limits page of the Gemini API,
/// 2026-09-12).
const SPEND_WINDOW: Millis = Millis(600_000);
/// A spent day is told with delays of seconds, which are worth nothing.
const TRUE_DAY: Millis = Millis(600_000);

/// Says what an error is, what limit it is about, and what to do.
///
/// The input is a thrown error as a copied object, an HTTP answer `{ status, headers, body }`, a
/// text, `{ text }`, or an answer with status 200 that holds no picture. `now` turns dates into
/// delays and back. Nothing in the input can make this panic, overflow or take long.
#[must_use]
pub fn classify(input: &Value, now: WallTime) -> ErrorInfo {
    let (ev, limits) = gather(input, now);
    let status = ev.status();
    let said = Said::new(&ev.said);
    // A page is told that an address leads elsewhere, but not where, nor by which status.
    if status.is_none() && (ev.moved.is_some() || said.says(OPAQUE)) {
        return redirected(ev.moved, ev.location.as_deref());
    }
    let kind = decide(&ev, &said, &limits, status).map_or(Kind::Unknown, |(_, kind)| kind);
    describe(&ev, &said, limits, status, kind, now)
}

/// Gathers all that an error says, and the limits that it names.
fn gather(input: &Value, now: WallTime) -> (Evidence, Limits) {
    let mut ev = Evidence::new(now);
    walk::gather(&mut ev, input);
    let limits = core::mem::take(&mut ev.quotas).finish();
    (ev, limits)
}

/// The row that decides, and the kind that it means; `None` where nothing fits.
fn decide(
    ev: &Evidence,
    said: &Said<'_>,
    limits: &Limits,
    status: Option<u16>,
) -> Option<(usize, Kind)> {
    let when = match status {
        Some(status) => class(status),
        // A stream that began well may still end in an error.
        None if !ev.error && (ev.ok || ev.picture.is_some()) => class(200),
        None => NONE,
    };
    let lost = |aborts: bool| {
        let found =
            LOST.iter().find(|row| (aborts || row.kind != Kind::Cancelled) && said.says(row.says));
        found.map(|row| row.kind)
    };
    for (row, rule) in RULES.iter().enumerate().filter(|(_, rule)| rule.when & when != 0) {
        let fits = match rule.look {
            Look::Any => true,
            // A limit of 0 by itself counts where a quota is spoken of.
            Look::Zero => limits.zero || (limits.lone_zero && (when == RATE || said.says(QUOTA))),
            Look::PerDay => limits.is_per_day(),
            Look::PerMinute => limits.is_per_minute(),
            Look::Hours => ev.delay.or(ev.reset) >= Some(HOURS),
            Look::Picture => ev.picture == Some(true),
            Look::Says(phrases) => said.says(phrases),
            Look::Lost | Look::LostOrAborted => {
                match lost(matches!(rule.look, Look::LostOrAborted)) {
                    Some(kind) => return Some((row, kind)),
                    None => false,
                }
            }
        };
        if fits {
            return Some((row, rule.kind));
        }
    }
    None
}

/// Which row of the table decides, of how many: for the test that each of them does somewhere.
#[must_use]
pub fn deciding_row(input: &Value, now: WallTime) -> (Option<usize>, usize) {
    let (ev, limits) = gather(input, now);
    let row = decide(&ev, &Said::new(&ev.said), &limits, ev.status()).map(|(row, _)| row);
    (row, RULES.len())
}

fn describe(
    ev: &Evidence,
    said: &Said<'_>,
    limits: Limits,
    status: Option<u16>,
    kind: Kind,
    now: WallTime,
) -> ErrorInfo {
    let mut info = ErrorInfo::new(kind);
    info.status = status.or(ev.ok.then_some(200));
    let is_limit = matches!(kind, Kind::RateLimited | Kind::DailyQuota | Kind::NotInTier);
    let deciding = limits.deciding().cloned().unwrap_or_default();
    let of_quota = deciding
        .model
        .clone()
        .or_else(|| limits.all.iter().find_map(|violation| violation.model.clone()));
    info.model = of_quota.or_else(|| ev.model().map(str::to_owned));
    if is_limit {
        let in_words = dimension_in_words(said)
            .filter(|dimension| is_per_day(*dimension) == (kind == Kind::DailyQuota));
        // An id that names no window is not made up for by a sentence about another limit.
        info.dimension = deciding.dimension.or(in_words.filter(|_| deciding.quota_id.is_none()));
        if kind == Kind::RateLimited && info.dimension.is_none() && counts_tokens(&deciding) {
            info.dimension = Some(Dimension::TokensPerMinute);
        }
        info.quota_id = deciding.quota_id;
        // OpenAI's `on tokens per min (TPM): Limit 30000, Used 29000`.
        let in_words = limits.lone.filter(|_| limits.all.is_empty() && info.dimension.is_some());
        info.quota_limit =
            if kind == Kind::NotInTier { Some(0) } else { deciding.limit.or(in_words) };
        info.violations = limits.all;
    } else if kind == Kind::SpendLimited
        || (kind == Kind::Billing && said.says("spending cap|spend cap"))
    {
        info.dimension = Some(Dimension::Spend);
    }
    let is_useless = |delay: Millis| match info.retry {
        Retry::Soon => false,
        Retry::Later => delay < TRUE_DAY,
        Retry::Never => true,
    };
    let delay = ev.delay.or(ev.reset.filter(|_| is_limit));
    info.retry_after = delay.filter(|delay| !is_useless(*delay));
    info.retry_at = match info.retry_after {
        Some(delay) => Some(now + delay),
        None if kind == Kind::DailyQuota => Some(next_midnight(now)),
        // The money of ten minutes ago counts no more.
        None if kind == Kind::SpendLimited => Some(now + SPEND_WINDOW),
        None => None,
    };
    ev.message().clone_into(&mut info.message);
    let is_untrusted = kind == Kind::Network && said.says(UNTRUSTED);
    info.unsent = kind == Kind::Network && (is_untrusted || said.says(UNSENT));
    if is_untrusted {
        info.retry = Retry::Never;
    }
    advice::explain(&mut info, ev.picture == Some(true));
    if is_untrusted {
        advice::UNTRUSTED.clone_into(&mut info.advice);
    } else if status == Some(407) {
        advice::PROXY.clone_into(&mut info.advice);
    }
    info
}
