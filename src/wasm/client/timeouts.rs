//! The time that an attempt for a picture may take.

use crate::base::time::Millis;
use crate::protocol::need::Size;
use crate::wasm::picture::call::Wanted;
use crate::wasm::request::checked::Request;

/// The time of an attempt: a 4K picture takes 30 to 40 s when all is well, and resellers advise 300
/// to 600 s.
const TIMEOUT: Millis = Millis(180_000);
const TIMEOUT_4K: Millis = Millis(300_000);
/// Our time runs this much longer than the time that the service is told, so that its own answer
/// comes first.
const GRACE: Millis = Millis(10_000);
/// The service itself ends a request after ten minutes; a longer time need not be told.
const SERVER_MAX: Millis = Millis(600_000);
/// The time of an attempt by `flex`: its target is 15 minutes (Google's page of 2026-04-29).
const TIMEOUT_FLEX: Millis = Millis(900_000);

/// The times of a call's attempts.
pub(super) struct Timeouts {
    /// An attempt ends after this time.
    pub(super) attempt: Option<Millis>,
    /// The seconds that the service is told.
    pub(super) server_secs: Option<u64>,
    /// An attempt by `flex` ends after this time, where the caller has given none.
    pub(super) flex: Option<Millis>,
    /// The seconds that the service is told for `flex`.
    pub(super) flex_secs: Option<u64>,
}

impl Timeouts {
    /// The times of a request: its own, else the policy's, else the default; the drop-in has none.
    /// A page cannot tell the service, since Google's CORS refuses the header.
    pub(super) fn of(
        request: &Request,
        policy: Option<Millis>,
        wanted: Wanted,
        in_page: bool,
    ) -> Self {
        let given = request.http.as_ref().and_then(|http| http.timeout).or(policy);
        let time = given.or_else(|| default_timeout(request, wanted));
        // A time that the caller gave is kept to the millisecond.
        let grace = if given.is_some() || in_page { Millis::ZERO } else { GRACE };
        let flex = (given.is_none() && wanted != Wanted::Answer).then_some(TIMEOUT_FLEX);
        let secs = |time: Millis| time.0.div_ceil(1000);
        Self {
            attempt: time.map(|time| time + grace),
            server_secs: time.filter(|time| !in_page && *time <= SERVER_MAX).map(secs),
            flex: flex.map(|time| time + grace),
            flex_secs: flex.filter(|_| !in_page).map(secs),
        }
    }
}

/// The time of an attempt for which none is given; the drop-in has no limit.
fn default_timeout(request: &Request, wanted: Wanted) -> Option<Millis> {
    let is_large = request.need.size == Some(Size::K4);
    (wanted != Wanted::Answer).then_some(if is_large { TIMEOUT_4K } else { TIMEOUT })
}
