//! The circuit breaker of a target: after several failures of one kind only one probe at a time is
//! sent.

use std::rc::Rc;

use crate::base::random::Random;
use crate::base::time::{Instant, Millis};
use crate::engine::ids::AttemptId;
use crate::engine::pacer::{Admitted, HEARD};
use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;

/// How long the first failure is remembered: a second one within this time confirms it.
const CONFIRMS: Millis = Millis(60_000);

/// Failures that make an outage of a target that has just admitted requests; two are enough for one
/// that has not.
const FEW_OF_WARM: u64 = 5;

/// Requests that a target admits if its outage is over.
const CROWD: u64 = 4;

/// The shortest time that a probe takes to bring a picture.
const PROBE: Millis = Millis(10_000);

/// The longest pause if the probing call has another target. It is refused in half a second and
/// goes there, and all calls are back within a minute of the end of an overload.
const LIGHT: Millis = Millis(45_000);

/// The first pause after a 429 without details: the first wait of the guide's formula for it.
const LOAD: Millis = Millis(2_000);

/// The first and the longest pause between two probes, by kind of error.
const PAUSES: &[(Kind, Millis, Millis)] = &[
    // Overload lasts for minutes, at times for two hours (the guide).
    (Kind::Overloaded, Millis(30_000), Millis(300_000)),
    // A 429 without details, though nothing of ours was accepted: load (the troubleshooting page).
    (Kind::RateLimited, LOAD, Millis(300_000)),
    // Networks come back quickly.
    (Kind::Network, Millis(1_000), Millis(30_000)),
    (Kind::ServerError, Millis(1_000), Millis(30_000)),
    // A spent day that our own count does not confirm: other processes use the quota too, but false
    // reports exist.
    (Kind::DailyQuota, Millis(300_000), Millis(3_600_000)),
];

fn pauses(kind: Kind) -> Option<(Millis, Millis)> {
    PAUSES.iter().find(|(row, ..)| *row == kind).map(|&(_, first, longest)| (first, longest))
}

/// The state of a target's circuit breaker.
#[derive(Clone, Debug, Default)]
pub(crate) struct CircuitBreaker {
    suspect: Option<Suspect>,
    outage: Option<Outage>,
    /// The kind of the last outage, when it ended, and its last pause.
    last: Option<(Kind, Instant, Millis)>,
    /// Requests that the target had admitted when it last refused without saying why.
    taken: u64,
}

/// Failures of one kind that are no outage yet.
#[derive(Clone, Copy, Debug)]
struct Suspect {
    kind: Kind,
    since: Instant,
    fails: u64,
    /// Requests that the target had admitted when it began.
    taken: u64,
}

/// An outage.
#[derive(Clone, Debug)]
pub(crate) struct Outage {
    /// The error of its last request.
    pub(crate) info: Rc<ErrorInfo>,
    /// When it began.
    pub(crate) since: Instant,
    /// When the next probe may go.
    pub(crate) next: Instant,
    /// When the next probe may go that costs its call little, since that has another target.
    next_light: Instant,
    /// The request that probes, if one is in flight.
    pub(crate) probe: Option<AttemptId>,
    pause: Millis,
    /// The end of the minute whose limit may have been used up at its beginning, if it is a limit.
    /// A probe goes then at the latest.
    frees: Option<Instant>,
}

impl Outage {
    /// The shortest time after which the result of a probe is known.
    pub(crate) fn takes(&self) -> Millis {
        match self.info.kind {
            Kind::RateLimited => HEARD,
            _ => PROBE,
        }
    }

    /// When the next probe may go, by whether its call has another target.
    pub(crate) fn next_of(&self, has_other: bool) -> Instant {
        if has_other { self.next.min(self.next_light) } else { self.next }
    }
}

impl CircuitBreaker {
    pub(crate) const fn outage(&self) -> Option<&Outage> {
        self.outage.as_ref()
    }

    /// Notes a failure of a kind that makes an outage, with the wait that the service named. One
    /// failure is enough if `admitted` is `None`. Returns whether an outage has begun.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        attempt: AttemptId,
        info: &Rc<ErrorInfo>,
        named: Millis,
        admitted: Option<Admitted>,
        random: &mut Random,
    ) -> bool {
        let Some((first, longest)) = pauses(info.kind) else { return false };
        if let Some(outage) = &mut self.outage {
            // A request that was sent before the outage was known tells nothing new but a longer
            // wait.
            if outage.next < now + named {
                outage.next = now + named;
                outage.info = Rc::new(info.for_others());
            }
            outage.next_light = outage.next_light.max(now + named);
            if outage.probe == Some(attempt) {
                outage.probe = None;
                outage.info = Rc::new(info.for_others());
                outage.pause = outage.pause.times(2).max(first).min(longest);
                if mutant!(ShortensRests) {
                    outage.pause = Millis(outage.pause.0 / 4);
                }
                outage.next = now + jittered(outage.pause, random).max(named);
                // A day's end is no overload: a call that has another target goes there.
                let light = if info.kind == Kind::DailyQuota { outage.pause } else { LIGHT };
                let light = outage.pause.min(light);
                outage.next_light = now + jittered(light, random).max(named);
                if let Some(frees) = outage.frees.filter(|frees| *frees >= now + LOAD.max(named)) {
                    outage.next = outage.next.min(frees);
                    outage.next_light = outage.next_light.min(frees);
                }
            }
            return false;
        }
        if let Some(admitted) = admitted {
            let is_same =
                |suspect: &Suspect| suspect.kind == info.kind && now - suspect.since <= CONFIRMS;
            let fresh = Suspect { kind: info.kind, since: now, fails: 0, taken: admitted.taken };
            let mut suspect = self.suspect.filter(is_same).unwrap_or(fresh);
            suspect.fails = suspect.fails.saturating_add(1);
            self.suspect = Some(suspect);
            // A target that admits a third of its requests is slow, and has no outage.
            let taken = admitted.taken.saturating_sub(suspect.taken);
            let for_it = taken.saturating_mul(2).saturating_add(admitted.unheard);
            let least = if admitted.is_warm { FEW_OF_WARM } else { 2 };
            if suspect.fails < least || suspect.fails <= for_it {
                return false;
            }
        }
        self.suspect = None;
        // An outage that comes back at once was not over.
        let back = self.last.filter(|(kind, at, _)| *kind == info.kind && now - *at <= CONFIRMS);
        let first = back.map_or(first, |(.., pause)| pause.times(2).max(first).min(longest));
        let next = now + jittered(first, random).max(named);
        let info = Rc::new(info.for_others());
        let probe = None;
        self.outage = Some(Outage {
            info,
            since: now,
            next,
            next_light: next,
            probe,
            pause: first,
            frees: None,
        });
        true
    }

    /// Notes a refusal without a reason, by a target that has ever admitted `taken` requests. A
    /// crowd admitted since the last refusal shows that its outage was over: behind a limit that
    /// the service does not name, pauses would otherwise grow with each minute's requests.
    pub(crate) fn let_in(&mut self, taken: u64) {
        let since = taken.saturating_sub(core::mem::replace(&mut self.taken, taken));
        self.last = self.last.filter(|_| since < CROWD);
    }

    /// Notes that the target answered a request, even with an error: it is up. Returns the outage
    /// that ends with it; the answer to a request sent before the outage does not end it.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        attempt: AttemptId,
        started: Instant,
    ) -> Option<Rc<ErrorInfo>> {
        self.suspect = None;
        let is_news =
            |outage: &mut Outage| outage.probe == Some(attempt) || started >= outage.since;
        let ended = self.outage.take_if(is_news)?;
        self.last = Some((ended.info.kind, now, ended.pause));
        Some(ended.info)
    }

    /// Notes when the target admits a request again if this is a limit and no outage.
    pub(crate) fn frees_at(&mut self, frees: Instant) {
        if let Some(outage) = &mut self.outage {
            outage.frees = Some(frees);
        }
    }

    /// Lets the next probe go at this moment at the latest.
    pub(crate) fn probe_by(&mut self, latest: Instant) {
        if let Some(outage) = &mut self.outage {
            outage.next = outage.next.min(latest);
            outage.next_light = outage.next_light.min(latest);
        }
    }

    /// Lets no probe go before this moment.
    pub(crate) fn probe_from(&mut self, earliest: Instant) {
        if let Some(outage) = &mut self.outage {
            outage.next = outage.next.max(earliest);
        }
    }

    /// Whether this request is the probe.
    pub(crate) fn is_probe(&self, attempt: AttemptId) -> bool {
        self.outage.as_ref().is_some_and(|outage| outage.probe == Some(attempt))
    }

    /// Notes a request that goes out while the target is paused.
    pub(crate) fn probes(&mut self, attempt: AttemptId) {
        if mutant!(ProbesAtOnce) {
            return;
        }
        if let Some(outage) = &mut self.outage {
            outage.probe = Some(attempt);
        }
    }

    /// Forgets a request that is no longer waited for.
    pub(crate) fn gave_up(&mut self, attempt: AttemptId) {
        if let Some(outage) = &mut self.outage {
            outage.probe = outage.probe.filter(|probe| *probe != attempt);
        }
    }
}

/// A pause with jitter, so that processes that met the same outage do not come back in step.
const fn jittered(pause: Millis, random: &mut Random) -> Millis {
    Millis(pause.0.saturating_add(random.up_to(Millis(pause.0 / 5)).0))
}
