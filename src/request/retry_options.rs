//! The caller's settings for when to try again.

use crate::base::time::Millis;
use crate::retry::backoff::{Curve, Jitter};
use crate::retry::policy::Policy;

/// The caller's settings for one curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurveOptions {
    /// The delay after the first try.
    pub base_delay: Option<Millis>,
    /// The most that the delay grows to.
    pub max_delay: Option<Millis>,
    /// The most that is drawn at random on top.
    pub jitter: Option<Millis>,
}

impl CurveOptions {
    fn apply(&self, curve: &mut Curve) {
        if let Some(base) = self.base_delay {
            curve.base = base;
            // A base above the cap means what it says.
            curve.cap = curve.cap.max(base);
            if let Jitter::Full(floor) = curve.jitter {
                curve.jitter = Jitter::Full(floor.min(base));
            }
        }
        if let Some(cap) = self.max_delay {
            curve.cap = cap;
        }
        if let Some(most) = self.jitter {
            curve.jitter = Jitter::Above(most);
        }
    }
}

/// The caller's settings for a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RetryOptions {
    /// Failed attempts that end the call, the first included.
    pub max_attempts: Option<u32>,
    /// For every curve.
    pub all: CurveOptions,
    /// For 429.
    pub rate_limit: CurveOptions,
    /// For 503.
    pub overloaded: CurveOptions,
    /// For everything else that passes.
    pub transient: CurveOptions,
    /// How long an attempt may take.
    pub timeout: Option<Millis>,
    /// The longest wait of the server's that is obeyed.
    pub max_server_delay: Option<Millis>,
    /// The longest wait for a target while there is a next one.
    pub max_wait_per_target: Option<Millis>,
    /// The longest outage that is sat out.
    pub max_outage: Option<Millis>,
}

impl RetryOptions {
    /// The policy with what is set here in place of its own.
    #[must_use]
    pub fn apply(&self, mut policy: Policy) -> Policy {
        let curves = &mut policy.curves;
        for (own, curve) in [
            (&self.rate_limit, &mut curves.rate_limit),
            (&self.overloaded, &mut curves.overloaded),
            (&self.transient, &mut curves.transient),
        ] {
            self.all.apply(curve);
            own.apply(curve);
        }
        policy.max_attempts = self.max_attempts.unwrap_or(policy.max_attempts);
        policy.uses_deadline &= self.max_attempts.is_none();
        policy.timeout = self.timeout.or(policy.timeout);
        policy.max_server_delay = self.max_server_delay.unwrap_or(policy.max_server_delay);
        policy.max_outage = self.max_outage.or(policy.max_outage);
        policy.max_wait_per_target = self.max_wait_per_target.unwrap_or(policy.max_wait_per_target);
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::backoff::Curves;

    #[test]
    fn what_is_set_replaces_and_what_is_not_stays() {
        let options = RetryOptions {
            max_attempts: Some(3),
            all: CurveOptions { base_delay: Some(Millis(10)), ..CurveOptions::default() },
            overloaded: CurveOptions {
                base_delay: Some(Millis(70_000)),
                jitter: Some(Millis(0)),
                max_delay: None,
            },
            ..RetryOptions::default()
        };
        let policy = options.apply(Policy::RETRY);
        assert_eq!((policy.max_attempts, policy.uses_deadline), (3, false));
        assert_eq!(policy.curves.rate_limit.base, Millis(10));
        assert_eq!(policy.curves.rate_limit.cap, Curves::BY_KIND.rate_limit.cap);
        assert_eq!(policy.curves.transient.jitter, Jitter::Full(Millis(10)));
        assert_eq!(policy.curves.overloaded.base, Millis(70_000));
        assert_eq!(policy.curves.overloaded.jitter, Jitter::Above(Millis(0)));
        assert_eq!(policy.max_server_delay, Policy::RETRY.max_server_delay);
    }
}
