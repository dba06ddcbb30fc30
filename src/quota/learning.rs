//! Learning from refusals.

use crate::base::time::Millis;
use crate::errors::kind::Dimension;
use crate::quota::clock::Clock;
use crate::quota::denial::Denial;
use crate::quota::found_limit::Change;
use crate::quota::limits::{is_minute_or_money, meter};
use crate::quota::refusal::{Learned, Refusal};
use crate::quota::usage::Usage;
use crate::quota::window::{Amounts, Meter};

impl Usage {
    /// Notes that a request was refused because of a limit that another usage keeps.
    pub fn settle_refused(&mut self, at: u64, reserved: &Amounts) {
        self.minute.refuse(self.at, at);
        self.spent = self.spent.saturating_sub(reserved.nanos);
        if at >= self.day.began {
            self.day.used = self.day.used.minus(reserved);
            self.day.after_midnight = self.day.after_midnight.minus(reserved);
        }
    }

    /// Notes that the service refused a request counted at `at`. It keeps its place in the minute,
    /// since some services count refused requests, but not in the day, and it cost nothing.
    pub fn refuse(
        &mut self,
        clock: Clock,
        at: u64,
        reserved: &Amounts,
        said: &Refusal,
    ) -> Option<Learned> {
        self.advance(clock);
        self.settle_refused(at, reserved);
        let (_, money) = reserved.split();
        self.money.take_back(self.at, at, &money);
        if let Some(wait) = said.wait.filter(|_| said.dimension.is_none_or(is_minute_or_money)) {
            let until = clock.now.saturating_add(wait.0);
            self.keep(Denial { until, dimension: said.dimension, is_named: true });
        }
        let dimension = match said.dimension {
            Some(dimension) => dimension,
            None if said.is_quota => Dimension::RequestsPerMinute,
            None => return None,
        };
        let accepted = said.count.unwrap_or_else(|| self.accepted(dimension, reserved));
        if said.wait.is_none() && is_minute_or_money(dimension) && said.dimension.is_none() {
            let turn = self.estimator(dimension).turn();
            // One turn pays off the refusal, and one more is added, since the limit is a guess.
            let from = self.block.map_or(clock.now.saturating_add(turn.0), |block| block.until);
            self.hold(from.saturating_add(turn.0), Some(dimension));
        }
        let is_sized = matches!(meter(dimension), Meter::Tokens | Meter::Images);
        if said.wait.is_some() && dimension.is_per_minute() && is_sized {
            // It fits by then, as the service says: the refused request takes no room.
            let size = Amounts { requests: 0, nanos: 0, ..*reserved };
            self.minute.take_back(self.at, at, &size);
        }
        let change = if is_minute_or_money(dimension) {
            let estimator = self.estimator_mut(dimension)?;
            match said.limit {
                Some(limit) => {
                    estimator.tell(clock.now, limit, accepted, reserved.of(meter(dimension)))
                }
                None => estimator.refuse(clock.now, accepted),
            }
        } else {
            let estimator = self.estimator_mut(dimension)?;
            let before = estimator.whole();
            estimator.told = said.limit.or(estimator.told);
            let limit = estimator.told.filter(|told| before != Some(*told));
            limit.map(|limit| Change { limit, previous: before })
        };
        if let (Dimension::RequestsPerMinute, Some(_), Some(wait)) =
            (dimension, said.limit, said.wait)
        {
            let estimator = self.estimator(dimension);
            self.discipline.refused(&self.minute, (clock.now, at), wait, &estimator);
        }
        // As many requests as the whole limit were refused and none was accepted: the hint of a
        // service that counts refused requests may not allow for them.
        let whole = self.estimator(dimension).whole().unwrap_or(u64::MAX);
        let is_owed = accepted == 0 && self.minute.total().requests >= whole.max(2);
        if let Some(wait) = said.wait.filter(|_| is_owed)
            && dimension == Dimension::RequestsPerMinute
        {
            let until = clock.now.saturating_add(wait.0);
            let until = until.saturating_add(self.estimator(dimension).turn().0);
            self.keep(Denial { until, dimension: Some(dimension), is_named: true });
        }
        if said.wait.is_none() && dimension == Dimension::Spend {
            // Others may have spent all of it: our own count does not say when some is free.
            let pause = self.estimator(dimension).found.map_or(Millis::ZERO, |found| found.pause);
            self.hold(clock.now.saturating_add(pause.0 / 4), Some(dimension));
        }
        change.map(|change| Learned { dimension, change })
    }

    /// Units of a dimension that the service accepted of us, without the request that it refused.
    pub(crate) fn accepted(&self, dimension: Dimension, refused: &Amounts) -> u64 {
        match dimension {
            Dimension::RequestsPerMinute => self.minute.accepted(),
            Dimension::Spend => self.money.total().nanos,
            _ => self.used(dimension).saturating_sub(refused.of(meter(dimension))),
        }
    }
}
