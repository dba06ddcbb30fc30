//! Options as JavaScript tells them, without JavaScript.

use super::given::properties;
use super::headers::Headers;
use super::limits::GivenLimits;
use super::read::read;
use super::settings::Settings;
use super::source::{Fault, Source};
use crate::base::time::Millis;
use crate::base::value::Value;
use crate::engine::input::OnDailyLimit;
use crate::errors::kind::Dimension;
use crate::protocol::need::Size;
use crate::quota::replica::OnStoreDown;
use crate::quota::tier::Tier;
use crate::request::options::scope::{
    BATCH, CLIENT, DROP_IN, GENERATE, RETRY, RUN, TARGET, TRACKER,
};

/// What the tests give in the place of JavaScript's values.
#[derive(Clone, Debug)]
enum Js {
    Null,
    Undefined,
    Flag(bool),
    Number(f64),
    Text(&'static str),
    Function,
    Date(f64),
    Throws,
    Unnamed,
    Signal,
    Store,
    List(Vec<Js>),
    Object(Vec<(&'static str, Js)>),
}

use Js::{Date, Flag, Function, Null, Number, Object, Store, Text, Throws, Undefined, Unnamed};

#[derive(Default)]
struct Page {
    kept: Vec<Js>,
}

impl Page {
    /// The same text as `js/host/flat.ts` makes.
    fn tell(&mut self, js: &Js) -> String {
        let parts: Vec<(&str, Js)> = match js {
            Js::List(items) => items.iter().map(|item| ("", item.clone())).collect(),
            Object(entries) => entries.clone(),
            _ => Vec::new(),
        };
        let parts = parts.iter().map(|(key, item)| quoted(key) + &self.value(item));
        let letter = if matches!(js, Js::List(_)) { "l" } else { "o" };
        letter.to_owned() + &parts.collect::<String>()
    }

    fn value(&mut self, js: &Js) -> String {
        let letter = match js {
            Null => return "z".to_owned(),
            Undefined => return "u".to_owned(),
            Unnamed => return "y".to_owned(),
            Flag(flag) => return if *flag { "t" } else { "f" }.to_owned(),
            Number(number) => return format!("n{}", bits(*number)),
            Text(text) => return format!("s{}", quoted(text)),
            Function => 'F',
            Date(_) => 'd',
            Throws => 'x',
            Js::Signal => 'a',
            Store => 'q',
            Js::List(items) => ['e', 'l'][usize::from(!items.is_empty())],
            Object(_) => 'o',
        };
        let ms = if let Date(ms) = js { bits(*ms) } else { String::new() };
        self.kept.push(js.clone());
        format!("{letter}{} {ms}", self.kept.len() - 1)
    }
}

fn quoted(text: &str) -> String {
    format!("{} {text}", text.encode_utf16().count())
}

fn bits(number: f64) -> String {
    let bits = number.to_bits();
    format!("{} {} ", bits >> 32, bits & 0xffff_ffff)
}

impl Source for Page {
    type Kept = Option<Js>;

    fn open(&mut self, at: u32, _: bool) -> Result<String, Fault<Self::Kept>> {
        let js = self.kept[at as usize].clone();
        Ok(self.tell(&js))
    }

    fn data(&mut self, at: u32) -> Value {
        let Object(entries) = &self.kept[at as usize] else { return Value::Null };
        let text = |js: &Js| if let Text(text) = js { (*text).to_owned() } else { String::new() };
        let entry = |(key, js): &(&str, Js)| ((*key).to_owned(), Value::String(text(js)));
        Value::Object(entries.iter().map(entry).collect())
    }

    fn kept(&mut self, at: u32) -> Self::Kept {
        Some(self.kept[at as usize].clone())
    }

    fn wall(&self) -> f64 {
        1_000.0
    }
}

type Read = Result<Settings<Option<Js>>, String>;

fn reads(scope: u32, options: &[(&'static str, Js)]) -> Read {
    let mut page = Page::default();
    let text = page.tell(&Object(options.to_vec()));
    let mut settings = Settings::default();
    match read(&mut page, &text, scope, &mut settings) {
        Ok(()) => Ok(settings),
        Err(Fault::Wrong(message)) => Err(message),
        Err(Fault::Thrown(thrown)) => Err(format!("thrown: {thrown:?}")),
    }
}

fn list(items: &[Js]) -> Js {
    Js::List(items.to_vec())
}

#[test]
fn options_are_read_to_the_last_part() {
    let settings = reads(
        CLIENT,
        &[
            ("apiKey", Text("key")),
            ("models", list(&[Text("a")])),
            ("maxServerDelay", Number(f64::INFINITY)),
            (
                "retry",
                Object(vec![
                    ("maxAttempts", Number(3.0)),
                    ("baseDelay", Number(10.0)),
                    ("overloaded", Object(vec![("maxDelay", Number(7.0)), ("jitter", Undefined)])),
                    ("timeout", Number(0.5)),
                ]),
            ),
            ("budget", Object(vec![("total", Number(0.3)), ("perDay", Number(2.0))])),
            (
                "degrade",
                Object(vec![("to", list(&[Text("2K"), Text("1K")])), ("on", Text("timeout"))]),
            ),
            ("alertAt", list(&[Number(0.5), Number(1.0)])),
            ("onDailyLimit", Text("wait")),
            (
                "limits",
                Object(vec![(
                    "b",
                    Object(vec![("rpm", Number(2.9)), ("rpd", Number(f64::INFINITY))]),
                )]),
            ),
            ("store", Store),
            ("onStoreDown", Text("closed")),
            ("", Unnamed),
            ("avoidPeak", Flag(false)),
        ],
    )
    .unwrap();
    assert_eq!(settings.api_key.as_deref(), Some("key"));
    assert!(matches!(settings.models, Some(Some(Js::List(_)))));
    assert!(matches!(settings.store, Some(Some(Store))));
    let retry = settings.retry;
    assert_eq!((retry.max_attempts, retry.timeout), (Some(3), Some(Millis(1))));
    assert_eq!(retry.max_server_delay, Some(Millis::from_f64(f64::INFINITY)));
    assert_eq!((retry.all.base_delay, retry.all.max_delay), (Some(Millis(10)), None));
    assert_eq!(retry.overloaded.max_delay, Some(Millis(7)));
    assert_eq!((retry.overloaded.base_delay, retry.overloaded.jitter), (None, None));
    let budget = settings.budget.unwrap();
    assert_eq!(budget.get(Dimension::Budget), Some(300_000_000));
    assert_eq!(budget.get(Dimension::BudgetPerDay), Some(2_000_000_000));
    assert_eq!(settings.degrade.as_deref(), Some(&[Size::K2, Size::K1][..]));
    assert_eq!(settings.alert_at, Some(vec![0.5, 1.0]));
    assert_eq!(settings.on_daily_limit, Some(OnDailyLimit::Wait));
    assert_eq!(settings.on_store_down, Some(OnStoreDown::Closed));
    assert_eq!(settings.avoid_peak, Some(false));
    let limits = settings.limits.of(None, Some("b"));
    assert_eq!(limits.get(Dimension::RequestsPerMinute), Some(2));
    assert_eq!(limits.get(Dimension::RequestsPerDay), None);
}

#[test]
fn headers_keep_their_names_and_order() {
    let given = Object(vec![("X-A", Text("é")), ("x-b", Undefined), ("x-c", Throws)]);
    let headers: Headers = reads(CLIENT, &[("headers", given)]).unwrap().headers.unwrap();
    let pairs: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    assert_eq!(pairs, [("X-A", Some("é")), ("x-b", None), ("x-c", None)]);
}

#[test]
fn limits_are_of_a_target_before_its_model() {
    let rows = |rpm| Object(vec![("rpm", Number(rpm))]);
    let settings = reads(CLIENT, &[("limits", Object(vec![("a", rows(1.0)), ("b", rows(2.0))]))]);
    let limits = settings.unwrap().limits;
    let rpm = |called, model| limits.of(called, model).get(Dimension::RequestsPerMinute);
    assert_eq!((rpm(Some("a"), Some("b")), rpm(Some("c"), Some("b"))), (Some(1), Some(2)));
    assert_eq!((rpm(Some("c"), None), rpm(None, None)), (None, None));
    assert_eq!(limits.names().collect::<Vec<_>>(), ["a", "b"]);
    let words = [("none", GivenLimits::Off), ("free", GivenLimits::Free)];
    for (word, limits) in words.into_iter().chain([("tier3", GivenLimits::Tier(Tier::Three))]) {
        assert_eq!(reads(CLIENT, &[("limits", Text(word))]).unwrap().limits, limits);
    }
}

#[test]
fn a_moment_is_as_far_away_as_the_clock_says() {
    let deadline = |js| reads(GENERATE, &[("deadline", js)]).map(|read| read.deadline);
    assert_eq!(deadline(Date(5_000.0)), Ok(Some(Millis(4_000))));
    assert_eq!(deadline(Date(500.0)), Ok(Some(Millis(0))));
    assert_eq!(deadline(Number(5.0)), Ok(Some(Millis(5))));
    assert!(deadline(Date(f64::NAN)).is_err());
}

#[test]
fn a_mistake_is_told_by_its_name() {
    let wrong = |scope, key, js, said: &str| {
        let message = reads(scope, &[(key, js)]).err().unwrap_or_default();
        assert!(message.starts_with(said), "{key}: {message}");
    };
    let object = |key, js| Object(vec![(key, js)]);
    wrong(CLIENT, "apiKey", Text(""), "option `apiKey` must be a text that is not empty");
    wrong(CLIENT, "apiKey", Null, "option `apiKey` must be a text");
    wrong(CLIENT, "modelz", Throws, "unknown option `modelz`; the known options are apiKey");
    wrong(CLIENT, "models", list(&[]), "option `models` must be a list that is not empty");
    wrong(CLIENT, "retry", object("cap", Null), "unknown option `cap`");
    wrong(CLIENT, "retry", object("overloaded", object("jitter", Text("1"))), "option `jitter`");
    wrong(CLIENT, "budget", object("total", Undefined), "`budget` needs `total`");
    wrong(CLIENT, "degrade", object("on", Text("timeout")), "`degrade` needs `to`");
    wrong(
        CLIENT,
        "degrade",
        object("to", list(&[Text("9K")])),
        "option `to` must be a list of sizes",
    );
    wrong(CLIENT, "degrade", object("to", Text("1K")), "option `to` must be a list of sizes");
    wrong(CLIENT, "alertAt", list(&[Number(0.0)]), "option `alertAt` must be a number above 0");
    wrong(CLIENT, "alertAt", Number(1.1), "option `alertAt` must be a number above 0");
    wrong(CLIENT, "limits", Text("tier9"), "option `limits` must be 'none'");
    wrong(CLIENT, "limits", object("m", Number(1.0)), "`limits` of `m` must be an object of rpm");
    wrong(CLIENT, "limits", object("m", object("rpm", Number(0.5))), "option `rpm` must be");
    wrong(CLIENT, "headers", object("a b", Text("c")), "the header `a b` must have a value");
    wrong(CLIENT, "headers", object("a", Text("c\n")), "the header `a` must have a value");
    wrong(CLIENT, "headers", object("a", Number(1.0)), "the header `a` must have a value");
    wrong(CLIENT, "on", object("retries", Function), "unknown event `retries`; the events are");
    wrong(CLIENT, "on", object("retry", Number(1.0)), "the listener of `retry` must be a function");
    wrong(CLIENT, "on", object("", Unnamed), "unknown event ``");
    wrong(CLIENT, "onDailyLimit", Text("never"), "option `onDailyLimit` must be 'fail'");
    wrong(CLIENT, "onStoreDown", Null, "option `onStoreDown` must be 'open'");
    wrong(CLIENT, "store", Object(vec![]), "option `store` must be a QuotaStore");
    wrong(CLIENT, "catalog", list(&[Text("a")]), "a row of `catalog` must be an object");
    wrong(GENERATE, "priority", Number(0.5), "option `priority` must be 'interactive'");
    wrong(GENERATE, "signal", Store, "option `signal` must be an AbortSignal");
    wrong(TARGET, "protocol", Text("grpc"), "option `protocol` must be 'gemini'");
    wrong(TARGET, "price", object("9K", Number(1.0)), "option `price` must be USD per picture");
    wrong(TARGET, "price", object("1K", Number(-1.0)), "option `price` must be USD per picture");
    wrong(TARGET, "price", Number(f64::NAN), "option `price` must be USD per picture");
    wrong(DROP_IN, "maxAttempts", Number(2.0), "unknown option `maxAttempts`: here it is");
    wrong(TRACKER, "rpm", Text("5"), "option `rpm` must be a number from 1");
    wrong(GENERATE, "deadline", Throws, "thrown: Some(Throws)");
}

#[test]
fn the_first_mistake_counts() {
    let both = [("timeout", Number(0.0)), ("nothing", Null)];
    assert!(reads(GENERATE, &both).err().unwrap().starts_with("option `timeout`"));
    let thrown = [("timeout", Throws), ("nothing", Null)];
    assert!(reads(GENERATE, &thrown).err().unwrap().starts_with("thrown"));
}

#[test]
fn counts_are_cut_to_what_can_be() {
    let retries =
        |number| reads(BATCH, &[("maxRetries", Number(number))]).map(|read| read.max_retries);
    assert_eq!(retries(0.0), Ok(Some(1)));
    assert_eq!(retries(f64::INFINITY), Ok(Some(u32::MAX)));
    assert!(retries(1.5).is_err() && retries(-1.0).is_err() && retries(f64::NAN).is_err());
    let priority = |js| reads(RETRY, &[("priority", js)]).map(|read| read.priority);
    assert_eq!(priority(Number(f64::MAX)), Ok(Some(i32::MAX)));
    assert_eq!(priority(Text("background")), Ok(Some(0)));
}

#[test]
fn the_money_of_a_batch_is_left_to_javascript() {
    let settings = reads(
        RUN,
        &[
            ("budget", Number(3.0)),
            ("degrade", Object(vec![])),
            ("signal", Js::Signal),
            ("models", list(&[Text("a")])),
        ],
    );
    let settings = settings.unwrap();
    assert!(settings.budget.is_none() && settings.degrade.is_none() && settings.models.is_some());
    assert!(reads(RUN, &[("budget", Number(0.0))]).is_err());
}

#[test]
fn prices_are_flat_or_by_size() {
    let price = |js| reads(TARGET, &[("price", js)]).unwrap().price.unwrap();
    assert_eq!(price(Number(0.1)).of(Some(Size::K4)), 0.1);
    let by_size = price(Object(vec![("1K", Number(0.1)), ("", Unnamed), ("4K", Number(0.4))]));
    assert_eq!((by_size.of(Some(Size::K1)), by_size.of(Some(Size::K4))), (0.1, 0.4));
}

#[test]
fn what_is_told_is_read_to_its_end() {
    let mut page = Page::default();
    let text = page.tell(&Object(vec![("ö", Text("😀")), ("d", Date(1.0)), ("n", Number(-0.0))]));
    assert_eq!(properties(&text).count(), 3);
}
