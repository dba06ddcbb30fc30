//! The lane of one project and model: its queue, its usage, and the state of its target.

use std::rc::Rc;

use crate::base::time::{Instant, Millis, Now, WallTime};
use crate::engine::circuit_breaker::CircuitBreaker;
use crate::engine::ids::AccountId;
use crate::engine::pacer::Pacer;
use crate::engine::queue::Queue;
use crate::errors::info::ErrorInfo;
use crate::errors::kind::{Dimension, Kind};
use crate::quota::alert::Alerts;
use crate::quota::denial::Denial;
use crate::quota::estimate::Estimate;
use crate::quota::limits::Limits;
use crate::quota::replica::Replica;
use crate::quota::unnamed_limit::UnnamedLimitDetector;
use crate::quota::window::Amounts;
use crate::retry::retry_budget::RetryBudget;

/// The specification of a lane.
#[derive(Clone, Copy, Debug)]
pub struct LaneSpec {
    /// The account that pays.
    pub account: AccountId,
    /// The limits that the caller gave.
    pub given: Limits,
    /// The published limits of the caller's tier.
    pub tier: Limits,
}

/// Slack at the start: until the first answer, a request may reach the service so much later than it
/// was counted, since a name is looked up, a connection is made, and the process is busy.
const STARTUP_SLACK: Millis = Millis(2_000);
/// How long a target that refuses every request is left alone before one call asks again.
const DISABLED: Millis = Millis(60_000);
/// Calls in flight for each request that a minute allows: pictures take seconds, at worst a few
/// minutes.
const IN_FLIGHT_FACTOR: u64 = 2;
/// The least number of calls in flight, however low the limit is.
const IN_FLIGHT_MIN: u64 = 4;

/// One project and model.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) account: AccountId,
    pub(crate) replica: Replica,
    pub(crate) queue: Queue,
    pub(crate) pacer: Pacer,
    pub(crate) breaker: CircuitBreaker,
    /// Whether the last notice said that the circuit breaker is open.
    pub(crate) is_told_open: bool,
    pub(crate) alerts: Alerts,
    pub(crate) estimate: Estimate,
    pub(crate) retry_budget: RetryBudget,
    pub(crate) in_flight: u64,
    /// When the queue is to be looked at again; `None` for when an attempt ends.
    pub(crate) wake: Option<Instant>,
    /// Whether the queue is to be looked at now.
    pub(crate) dirty: bool,
    /// Whether the store is being asked for permits.
    pub(crate) asking: bool,
    /// Whether it waits for the answer to another lane's question.
    pub(crate) deferred: bool,
    /// The limit that was last reported as exhausted, and until when.
    pub(crate) denied: Option<(Dimension, Instant)>,
    disabled: Option<(Instant, Rc<ErrorInfo>)>,
    pub(crate) unnamed_limit: UnnamedLimitDetector,
}

impl Lane {
    pub(crate) fn new(spec: &LaneSpec) -> Self {
        let mut replica = Replica::new(&spec.given, &spec.tier);
        replica.transit_slack = STARTUP_SLACK;
        Self {
            account: spec.account,
            replica,
            queue: Queue::default(),
            pacer: Pacer::default(),
            breaker: CircuitBreaker::default(),
            is_told_open: false,
            alerts: Alerts::default(),
            estimate: Estimate::default(),
            retry_budget: RetryBudget::default(),
            in_flight: 0,
            wake: None,
            dirty: false,
            asking: false,
            deferred: false,
            denied: None,
            disabled: None,
            unnamed_limit: UnnamedLimitDetector::default(),
        }
    }

    /// The amounts to reserve for a call that expects to take `cost`.
    pub(crate) fn reserves(&self, cost: &Amounts) -> Amounts {
        Amounts { tokens: self.estimate.reserve(cost.tokens), ..*cost }
    }

    /// The most calls that may be in flight at once.
    pub(crate) fn in_flight_max(&self) -> u64 {
        let limit = self.replica.usage.estimator(Dimension::RequestsPerMinute).limit();
        limit.map_or(u64::MAX, |limit| limit.saturating_mul(IN_FLIGHT_FACTOR).max(IN_FLIGHT_MIN))
    }

    /// The error of every call while the target refuses all of them.
    pub(crate) fn disabled(&self, now: Instant) -> Option<&Rc<ErrorInfo>> {
        self.disabled.as_ref().filter(|(until, _)| *until > now).map(|(_, info)| info)
    }

    /// Disables the target after a refusal that every other call would meet too.
    pub(crate) fn disable(&mut self, now: Instant, info: &Rc<ErrorInfo>) {
        self.pacer.cool();
        self.disabled = Some((now + DISABLED, Rc::new(info.for_others())));
        self.dirty = true;
    }

    /// Ends an outage by 429s without details if its probe is not refused at once: it has been
    /// admitted. Returns the moment at which that is known, if it is later.
    pub(crate) fn settle_silent_probe(&mut self, now: Instant) -> Option<Instant> {
        let outage =
            self.breaker.outage().filter(|outage| outage.info.kind == Kind::RateLimited)?;
        let probe = outage.probe?;
        let heard = self.pacer.hears_of(now, probe);
        if heard.is_none() {
            self.breaker.answered(now, probe, now);
            self.pacer.cool();
        }
        heard
    }
}

/// Money that the lanes of one account share, or all lanes of a client.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) replica: Replica,
    pub(crate) alerts: Alerts,
}

impl Account {
    /// Whether money is decided here: always if it is not limited, else if its replica decides.
    pub(crate) fn decides(&self) -> bool {
        self.replica.decides() || !self.replica.usage.is_limited()
    }

    pub(crate) fn new(given: &Limits, tier: &Limits) -> Self {
        Self { replica: Replica::new(given, tier), alerts: Alerts::default() }
    }
}

/// Whether a refusal of this kind meets every other call of the target too.
pub(crate) const fn disables(kind: Kind) -> bool {
    matches!(kind, Kind::NotInTier | Kind::ModelNotFound)
}

/// The error of a call that would cost more than its caller allows.
pub(crate) fn over_budget(advice: &str) -> ErrorInfo {
    ErrorInfo {
        summary: "It would cost more than is allowed.".to_owned(),
        advice: advice.to_owned(),
        ..ErrorInfo::new(Kind::OverBudget)
    }
}

/// The error of a call that our own count keeps waiting or refuses.
pub(crate) fn denied(denial: &Denial, replica: &Replica, now: Now) -> ErrorInfo {
    let wait = replica.moment(now, denial.until) - now.mono;
    // Money is counted in other units than those of an error.
    let counted = denial.dimension.filter(|dimension| !dimension.is_money());
    let limit = counted.and_then(|dimension| replica.usage.estimator(dimension).whole());
    let (kind, advice) = match denial.dimension {
        Some(Dimension::RequestsPerDay | Dimension::TokensPerDay) => (
            Kind::DailyQuota,
            "The day ends at midnight Pacific. Ask for a higher limit or tier, use another model, or pass `onDailyLimit: 'wait'`.",
        ),
        Some(Dimension::Spend) => {
            (Kind::SpendLimited, "Wait, use a cheaper model or another account, or move up a tier.")
        }
        Some(Dimension::Budget) => {
            return over_budget("Raise `budget.total`, or use a cheaper model.");
        }
        Some(Dimension::BudgetPerDay) if denial.until == u64::MAX => {
            return over_budget("Raise `budget.perDay`, or use a cheaper model.");
        }
        Some(Dimension::BudgetPerDay) => {
            let info = over_budget(
                "Wait for the next day, which begins at midnight Pacific, raise `budget.perDay`, or use a cheaper model.",
            );
            let retry_at = Some(WallTime(now.wall.0.saturating_add(wait.0)));
            return ErrorInfo { retry_after: Some(wait), retry_at, ..info };
        }
        _ => (Kind::RateLimited, "Wait, use another model, or move up a tier."),
    };
    let summary = if denial.is_named {
        "The service said to wait; no request was sent."
    } else {
        "The quota is used up by our own count."
    };
    ErrorInfo {
        dimension: denial.dimension,
        quota_limit: limit,
        retry_after: Some(wait),
        retry_at: Some(WallTime(now.wall.0.saturating_add(wait.0))),
        summary: summary.to_owned(),
        advice: advice.to_owned(),
        ..ErrorInfo::new(kind)
    }
}
