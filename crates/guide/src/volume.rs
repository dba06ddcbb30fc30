//! How long so many pictures take within the limits of a tier.

use unexhausted::base::time::Millis;
use unexhausted::errors::kind::Dimension;
use unexhausted::quota::limits::Limits;

const MINUTE: Millis = Millis(60_000);
const TEN_MINUTES: Millis = Millis(600_000);
const DAY: Millis = Millis(86_400_000);

/// The load of one picture on the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Input tokens.
    pub tokens: u64,
    /// Billionths of a USD.
    pub nanos: u64,
}

/// How long a number of pictures takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Duration {
    /// From the first request to the last, where every request goes as soon as the limits let it.
    /// The time that the last picture itself takes (4 to 40 s) comes on top.
    pub time: Millis,
    /// The limit that takes the most time; `None` where all go at once.
    pub binds: Option<Dimension>,
}

/// A limit of so many pictures in each window.
#[derive(Clone, Copy)]
struct Rate {
    dimension: Dimension,
    pictures: u64,
    window: Millis,
}

impl Rate {
    /// The time until the last of so many may go.
    fn time(&self, images: u64) -> Millis {
        let windows = images.div_ceil(self.pictures.max(1)).saturating_sub(1);
        self.window.times(windows)
    }

    fn per_day(&self) -> u64 {
        let windows = DAY.0.checked_div(self.window.0).unwrap_or(1);
        self.pictures.saturating_mul(windows)
    }
}

/// The limits that are known, as pictures in a window.
fn rates(load: Load, limits: &Limits) -> Vec<Rate> {
    let share = |limit: u64, of_one: u64| limit.checked_div(of_one).unwrap_or(u64::MAX);
    let all = [
        (Dimension::RequestsPerMinute, 1, MINUTE),
        (Dimension::ImagesPerMinute, 1, MINUTE),
        (Dimension::TokensPerMinute, load.tokens, MINUTE),
        (Dimension::Spend, load.nanos, TEN_MINUTES),
        (Dimension::RequestsPerDay, 1, DAY),
        (Dimension::TokensPerDay, load.tokens, DAY),
    ];
    let rate = |(dimension, of_one, window)| {
        let limit = limits.get(dimension)?;
        Some(Rate { dimension, pictures: share(limit, of_one), window })
    };
    all.into_iter().filter_map(rate).collect()
}

/// How many pictures a day the limits allow; `None` where none is known.
#[must_use]
pub fn per_day(load: Load, limits: &Limits) -> Option<u64> {
    rates(load, limits).iter().map(Rate::per_day).min()
}

/// How long `images` pictures take; `None` where a limit does not let a single one pass.
#[must_use]
pub fn duration(images: u64, load: Load, limits: &Limits) -> Option<Duration> {
    let rates = rates(load, limits);
    if images > 0 && rates.iter().any(|rate| rate.pictures == 0) {
        return None;
    }
    let (days, quick): (Vec<Rate>, Vec<Rate>) =
        rates.into_iter().partition(|rate| rate.window == DAY);
    let slowest = |images: u64| {
        let longest = quick.iter().max_by_key(|rate| rate.time(images));
        let binding = longest.filter(|rate| rate.time(images) > Millis::ZERO);
        (binding.map_or(Millis::ZERO, |rate| rate.time(images)), binding.map(|rate| rate.dimension))
    };
    // A day's limit matters only where the others would let more pass in a day.
    let by_rate = quick.iter().map(Rate::per_day).min().unwrap_or(u64::MAX);
    let day = days.iter().min_by_key(|rate| rate.pictures).filter(|day| day.pictures < by_rate);
    let Some(day) = day else {
        let (time, binds) = slowest(images);
        return Some(Duration { time, binds });
    };
    let full = images.div_ceil(day.pictures.max(1)).saturating_sub(1);
    let (rest, binds) = slowest(images.saturating_sub(full.saturating_mul(day.pictures)));
    let binds = if full > 0 { Some(day.dimension) } else { binds };
    Some(Duration { time: DAY.times(full) + rest, binds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits(rpm: u64, rpd: u64, usd: u64) -> Limits {
        Limits::default()
            .with(Dimension::RequestsPerMinute, Some(rpm))
            .with(Dimension::RequestsPerDay, Some(rpd))
            .with(Dimension::Spend, Some(usd * 1_000_000_000))
    }

    const PRO: Load = Load { tokens: 100, nanos: 134_000_000 };

    #[test]
    fn on_the_first_tier_of_pro_money_binds_before_requests_do() {
        // $10 are 74 pictures in ten minutes; 20 a minute would be 200.
        let took = duration(200, PRO, &limits(20, 250, 10)).unwrap();
        assert_eq!(took, Duration { time: Millis(1_200_000), binds: Some(Dimension::Spend) });
    }

    #[test]
    fn a_spent_day_costs_the_rest_of_it() {
        let took = duration(251, PRO, &limits(20, 250, 10)).unwrap();
        assert_eq!(took, Duration { time: DAY, binds: Some(Dimension::RequestsPerDay) });
        assert_eq!(per_day(PRO, &limits(20, 250, 10)), Some(250));
        let took = duration(1_000, PRO, &limits(20, 250, 10)).unwrap();
        assert_eq!(took.time, DAY.times(3) + TEN_MINUTES.times(3));
    }

    #[test]
    fn what_is_not_known_does_not_bind() {
        let nothing = Limits::default();
        assert_eq!(duration(9, PRO, &nothing), Some(Duration { time: Millis(0), binds: None }));
        assert_eq!(per_day(PRO, &nothing), None);
    }

    #[test]
    fn a_limit_of_nothing_lets_nothing_pass() {
        let zero = Limits::default().with(Dimension::RequestsPerDay, Some(0));
        assert_eq!(duration(1, PRO, &zero), None);
        assert!(duration(0, PRO, &zero).is_some());
        let dear = Load { nanos: 11_000_000_000, ..PRO };
        assert_eq!(duration(1, dear, &limits(20, 250, 10)), None, "one picture is over $10");
    }

    proptest! {
        #[test]
        fn more_pictures_never_take_less_time(
            images in 1..100_000_u64,
            more in 0..10_000_u64,
            rpm in 1..1_000_u64,
            rpd in 1..20_000_u64,
            usd in 1..500_u64,
        ) {
            let limits = limits(rpm, rpd, usd);
            let few = duration(images, PRO, &limits).unwrap();
            let many = duration(images + more, PRO, &limits).unwrap();
            prop_assert!(few.time <= many.time);
        }

        #[test]
        fn higher_limits_never_take_more_time(
            images in 1..100_000_u64,
            low in (1..1_000_u64, 1..20_000_u64, 1..500_u64),
            more in (0..1_000_u64, 0..20_000_u64, 0..500_u64),
        ) {
            let slow = duration(images, PRO, &limits(low.0, low.1, low.2)).unwrap();
            let high = limits(low.0 + more.0, low.1 + more.1, low.2 + more.2);
            prop_assert!(duration(images, PRO, &high).unwrap().time <= slow.time);
        }

        #[test]
        fn within_a_day_no_more_pass_than_a_day_allows(
            images in 1..100_000_u64,
            rpm in 1..1_000_u64,
            rpd in 1..20_000_u64,
            usd in 1..500_u64,
        ) {
            let limits = limits(rpm, rpd, usd);
            let days = duration(images, PRO, &limits).unwrap().time.0 / DAY.0;
            let most = per_day(PRO, &limits).unwrap().saturating_mul(days + 1);
            prop_assert!(images <= most, "{images} in {days} full days of {most}");
        }
    }
}
