//! Reads what callers pass as options, key by key.

use crate::base::text::join;
use crate::base::time::Millis;
use crate::base::value::Value;
use crate::models::known::Catalog;
use crate::models::price::Price;
use crate::options::events::check_events;
use crate::options::fits::fits;
use crate::options::given::{Given, properties};
use crate::options::headers::read_headers;
use crate::options::limits::GivenLimits;
use crate::options::settings::Settings;
use crate::options::source::{Fault, Source};
use crate::options::value::{
    count, limit, millis, on_daily_limit, on_store_down, picture_usd, price, priority, protocol,
    shares, sizes, usd,
};
use crate::quota::limits::Limits;
use crate::request::key::Key;
use crate::request::options::{self, scope};
use crate::request::retry_options::CurveOptions;

/// Reads an options object, as the JavaScript side tells it, into `settings`.
///
/// # Errors
/// A sentence that names the option, the mistake and the options that are known; or what the
/// caller's own getter threw, since an option that is lost might be a deadline.
pub fn read<S: Source>(
    source: &mut S,
    text: &str,
    scope: u32,
    settings: &mut Settings<S::Kept>,
) -> Result<(), Fault<S::Kept>> {
    Reader { source, settings }.read(text, scope)
}

struct Reader<'a, S: Source> {
    source: &'a mut S,
    settings: &'a mut Settings<S::Kept>,
}

impl<S: Source> Reader<'_, S> {
    fn read(&mut self, text: &str, scope: u32) -> Result<(), Fault<S::Kept>> {
        for (name, item) in properties(text) {
            if matches!(item, Given::Unnamed) {
                continue;
            }
            let option = options::find(scope, name).map_err(Fault::Wrong)?;
            match item {
                Given::Thrown(at) => return Err(Fault::Thrown(self.source.kept(at))),
                Given::Undefined => continue,
                _ => {}
            }
            if !fits(item, option.shape) || !self.take(option.key, item)? {
                let shape = option.shape.as_str();
                return Err(wrong(&["option `", option.name, "` must be ", shape]));
            }
        }
        Ok(())
    }

    /// Takes one option; `false` where it has another shape than it should.
    fn take(&mut self, key: Key, item: Given<'_>) -> Result<bool, Fault<S::Kept>> {
        let parts = match item.place() {
            Some(at) if key.has_parts() => self.source.open(at, key == Key::Headers)?,
            _ => String::new(),
        };
        match key {
            Key::Retry => self.read(&parts, scope::POLICY)?,
            Key::RateLimit => self.settings.retry.rate_limit = self.curve(&parts)?,
            Key::Overloaded => self.settings.retry.overloaded = self.curve(&parts)?,
            Key::Transient => self.settings.retry.transient = self.curve(&parts)?,
            Key::On => check_events(properties(&parts)).map_err(Fault::Wrong)?,
            Key::Budget => {
                self.read(&parts, scope::BUDGET)?;
                if self.settings.budget.is_none() {
                    return Err(wrong(&["`budget` needs `total`, `perDay` or both, in USD"]));
                }
            }
            Key::Degrade | Key::BatchDegrade => {
                self.read(&parts, scope::DEGRADE)?;
                if self.settings.degrade.is_none() && key == Key::Degrade {
                    return Err(wrong(&[
                        "`degrade` needs `to`, a list of sizes such as ['2K', '1K']",
                    ]));
                }
            }
            Key::Catalog => self.settings.catalog = Some(self.catalog(&parts)?.into()),
            Key::Headers => {
                let headers = read_headers(properties(&parts)).map_err(Fault::Wrong)?;
                self.settings.headers = Some(headers);
            }
            Key::To => {
                self.settings.degrade = sizes(properties(&parts));
                return Ok(self.settings.degrade.is_some());
            }
            Key::AlertAt => {
                let share = item.as_f64().map(|share| vec![share]);
                self.settings.alert_at = share.or_else(|| shares(properties(&parts)));
                return Ok(self.settings.alert_at.is_some());
            }
            Key::Price => {
                let flat = picture_usd(item).map(Price::flat);
                self.settings.price = flat.or_else(|| price(properties(&parts)));
                return Ok(self.settings.price.is_some());
            }
            Key::Limits => {
                self.settings.limits = match item.as_str().and_then(GivenLimits::parse) {
                    Some(limits) => limits,
                    None => GivenLimits::ByName(self.limits(&parts)?),
                };
            }
            _ => return Ok(self.set(key, item)),
        }
        Ok(true)
    }

    /// Sets an option that has no parts; `false` where it has another shape than it should.
    fn set(&mut self, key: Key, item: Given<'_>) -> bool {
        let settings = &mut *self.settings;
        let retry = &mut settings.retry;
        let time = Some(millis(item));
        let number = item.as_f64().unwrap_or_default();
        match key {
            Key::MaxAttempts => retry.max_attempts = Some(count(number)),
            Key::MaxServerDelay => retry.max_server_delay = time,
            Key::MaxWaitPerTarget => retry.max_wait_per_target = time,
            Key::Timeout => retry.timeout = time,
            Key::MaxOutage => retry.max_outage = time,
            Key::BaseDelay => retry.all.base_delay = time,
            Key::MaxDelay => retry.all.max_delay = time,
            Key::Jitter => retry.all.jitter = time,
            Key::Delay => settings.delay = time,
            Key::Tokens => settings.tokens = time.map(|tokens| tokens.0),
            Key::Images => settings.images = time.map(|images| images.0),
            // It is 1 at least, since 0 is meant as no second request.
            Key::MaxRetries => settings.max_retries = Some(count(number).max(1)),
            Key::Concurrency => settings.concurrency = Some(count(number).into()),
            Key::Deadline => {
                // The clock is asked for a moment alone: that costs as much as the rest.
                settings.deadline = match item {
                    Given::Date(_, ms) => Some(Millis::from_f64(ms - self.source.wall())),
                    _ => time,
                };
            }
            Key::AvoidPeak => settings.avoid_peak = Some(matches!(item, Given::Flag(true))),
            Key::OnDailyLimit => {
                settings.on_daily_limit = on_daily_limit(item);
                return settings.on_daily_limit.is_some();
            }
            Key::OnStoreDown => {
                settings.on_store_down = on_store_down(item);
                return settings.on_store_down.is_some();
            }
            Key::Priority => {
                settings.priority = priority(item);
                return settings.priority.is_some();
            }
            Key::Protocol => {
                settings.protocol = protocol(item);
                return settings.protocol.is_some();
            }
            Key::MaxCost => settings.max_cost = Some(usd(item)),
            Key::SpendPer10Min => settings.spend = Some(usd(item)),
            Key::Money(dimension) => settings.set_budget(dimension, usd(item)),
            Key::Limit(dimension) => {
                settings.own_limits = settings.own_limits.with(dimension, limit(item));
            }
            _ => self.keep(key, item),
        }
        true
    }

    /// Keeps a text, or what stays in JavaScript. Options that none takes, such as `signal`, are
    /// read there.
    fn keep(&mut self, key: Key, item: Given<'_>) {
        let settings = &mut *self.settings;
        let text = match key {
            Key::ApiKey => &mut settings.api_key,
            Key::BaseUrl => &mut settings.base_url,
            Key::ApiVersion => &mut settings.api_version,
            Key::Model => &mut settings.model,
            Key::Project => &mut settings.project,
            Key::Location => &mut settings.location,
            Key::Name => &mut settings.name,
            _ => {
                let kept = match key {
                    Key::OnRetry => &mut settings.on_retry,
                    Key::FallbackOn => &mut settings.fallback_on,
                    Key::ShouldRetry => &mut settings.should_retry,
                    Key::Fetch => &mut settings.fetch,
                    Key::Models => &mut settings.models,
                    Key::Config => &mut settings.config,
                    Key::AccessToken => &mut settings.access_token,
                    Key::OnAlert => &mut settings.on_alert,
                    Key::Store => &mut settings.store,
                    _ => return,
                };
                *kept = item.place().map(|at| self.source.kept(at));
                return;
            }
        };
        *text = item.as_str().map(str::to_owned);
    }

    fn curve(&mut self, parts: &str) -> Result<CurveOptions, Fault<S::Kept>> {
        let all = core::mem::take(&mut self.settings.retry.all);
        self.read(parts, scope::CURVE)?;
        Ok(core::mem::replace(&mut self.settings.retry.all, all))
    }

    /// The caller's own models.
    fn catalog(&mut self, rows: &str) -> Result<Catalog, Fault<S::Kept>> {
        let mut catalog = Catalog::default();
        for (_, row) in properties(rows) {
            let row = row.place().map_or(Value::Null, |at| self.source.data(at));
            catalog.add(&row).map_err(Fault::Wrong)?;
        }
        Ok(catalog)
    }

    /// Limits by the name of a model or target.
    fn limits(&mut self, parts: &str) -> Result<Vec<(String, Limits)>, Fault<S::Kept>> {
        let mut limits = Vec::new();
        for (name, own) in properties(parts) {
            if matches!(own, Given::Unnamed) {
                continue;
            }
            let (true, Some(at)) = (own.is_plain(), own.place()) else {
                let known = join(["rpm", "tpm", "ipm", "rpd", "tpd"], ", ");
                return Err(wrong(&["`limits` of `", name, "` must be an object of ", &known]));
            };
            let own = self.source.open(at, false)?;
            self.read(&own, scope::LIMITS)?;
            limits.push((name.to_owned(), core::mem::take(&mut self.settings.own_limits)));
        }
        Ok(limits)
    }
}

fn wrong<K>(words: &[&str]) -> Fault<K> {
    Fault::Wrong(words.concat())
}
