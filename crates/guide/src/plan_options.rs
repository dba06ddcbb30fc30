//! The options of `plan`.

use crate::price_table::Route;
use crate::seen::Seen;
use unexhausted::base::text::join;
use unexhausted::base::value::Value;
use unexhausted::errors::kind::Dimension;
use unexhausted::models::catalog::Quality;
use unexhausted::models::known::Catalog;
use unexhausted::protocol::need::Size;
use unexhausted::quota::limits::Limits;
use unexhausted::quota::tier::{FACTS, Tier};

/// The questions to the guide.
#[derive(Clone, Debug)]
pub struct Question {
    /// Pictures in each period.
    pub images: u64,
    /// Whether the period is a day; else it is a month of thirty.
    pub is_per_day: bool,
    /// The tier of the billing account; `None` for the free one.
    pub tier: Option<Tier>,
    /// The size of the pictures.
    pub size: Size,
    /// How good they must be.
    pub quality: Quality,
    /// Whether requests show a picture to the model.
    pub edits: bool,
    /// Whether somebody waits for each.
    pub interactive: bool,
    /// The errors that were seen.
    pub seen: Option<Seen>,
    /// Routes of the caller's.
    pub routes: Vec<Route>,
    /// Limits that the caller knows, by model.
    pub limits: Vec<(String, Limits)>,
    /// The models.
    pub catalog: Catalog,
}

const KEYS: [&str; 11] = [
    "images",
    "per",
    "tier",
    "size",
    "quality",
    "edits",
    "interactive",
    "errors",
    "targets",
    "limits",
    "catalog",
];
const TARGET_KEYS: [&str; 3] = ["name", "price", "model"];
/// The most pictures that are planned for: beyond it, milliseconds no longer fit a number.
const MOST: f64 = 1e12;

impl Question {
    /// Reads the options of `plan`.
    ///
    /// # Errors
    /// A sentence that names the option and what it must be.
    pub fn read(options: &Value) -> Result<Self, String> {
        if !matches!(options, Value::Object(_)) {
            return Err("`plan` needs an object with `images`".to_owned());
        }
        known(options, &KEYS, "option")?;
        let mut catalog = Catalog::default();
        for row in list(options, "catalog")? {
            catalog.add(row)?;
        }
        let is_count = |n: &f64| *n >= 1.0 && n.fract() == 0.0 && *n <= MOST;
        let images = options.get("images").and_then(Value::as_f64).filter(is_count);
        let images = images.ok_or_else(|| wrong("images", "a whole number from 1"))?;
        Ok(Self {
            images: whole(images),
            is_per_day: one_of(options, "per", &[("month", false), ("day", true)])?,
            tier: one_of(options, "tier", &FACTS.map(|fact| (fact.name, fact.tier)))?,
            size: one_of(options, "size", &SIZES)?,
            quality: one_of(options, "quality", &QUALITIES)?,
            edits: flag(options, "edits")?,
            interactive: flag(options, "interactive")?,
            seen: options.get("errors").map(Seen::read).transpose()?,
            routes: list(options, "targets")?.iter().map(route).collect::<Result<_, _>>()?,
            limits: limits(options.get("limits"))?,
            catalog,
        })
    }
}

/// The first of each is the default.
const SIZES: [(&str, Size); 4] =
    [("1K", Size::K1), ("512", Size::Px512), ("2K", Size::K2), ("4K", Size::K4)];
const QUALITIES: [(&str, Quality); 3] =
    [("best", Quality::Best), ("good", Quality::Good), ("any", Quality::Any)];

fn wrong(key: &str, must_be: &str) -> String {
    ["option `", key, "` must be ", must_be].concat()
}

fn known(object: &Value, keys: &[&str], what: &str) -> Result<(), String> {
    let Some((key, _)) = object.entries().iter().find(|(key, _)| !keys.contains(&key.as_str()))
    else {
        return Ok(());
    };
    let known = join(keys.iter().copied(), ", ");
    Err(["unknown ", what, " `", key, "`; the known ones are ", &known].concat())
}

fn list<'a>(options: &'a Value, key: &str) -> Result<&'a [Value], String> {
    match options.get(key) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(wrong(key, "a list")),
    }
}

fn flag(options: &Value, key: &str) -> Result<bool, String> {
    match options.get(key) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(wrong(key, "true or false")),
    }
}

fn one_of<T: Copy>(options: &Value, key: &str, all: &[(&str, T)]) -> Result<T, String> {
    let names = || join(all.iter().map(|(name, _)| *name), ", ");
    let found = match options.get(key) {
        None => all.first(),
        Some(value) => all.iter().find(|(name, _)| value.as_str() == Some(name)),
    };
    found.map(|(_, item)| *item).ok_or_else(|| wrong(key, &["one of ", &names()].concat()))
}

fn route(target: &Value) -> Result<Route, String> {
    known(target, &TARGET_KEYS, "key in `targets`")?;
    let text = |key| target.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let price = target.get("price").and_then(Value::as_f64).filter(|usd| *usd >= 0.0);
    let (Some(name), Some(price)) = (text("name"), price) else {
        return Err(wrong("targets", "like [{ name: 'a proxy', price: 0.05 }]: USD a picture"));
    };
    Ok(Route { name: name.to_owned(), price, model: text("model").map(str::to_owned) })
}

fn limits(given: Option<&Value>) -> Result<Vec<(String, Limits)>, String> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let Value::Object(models) = given else { return Err(wrong("limits", "limits by model")) };
    models.iter().map(|(model, limits)| Ok((model.clone(), of_model(limits)?))).collect()
}

fn of_model(given: &Value) -> Result<Limits, String> {
    let names = DIMENSIONS.map(|(name, _)| name);
    known(given, &names, "limit")?;
    let mut limits = Limits::default();
    for (name, dimension) in DIMENSIONS {
        let Some(limit) = given.get(name) else { continue };
        let Some(limit) = limit.as_f64().filter(|limit| *limit >= 0.0) else {
            return Err(wrong(name, "a number, 0 or more"));
        };
        limits = limits.with(dimension, Some(whole(limit)));
    }
    Ok(limits)
}

const DIMENSIONS: [(&str, Dimension); 5] = [
    ("rpm", Dimension::RequestsPerMinute),
    ("tpm", Dimension::TokensPerMinute),
    ("ipm", Dimension::ImagesPerMinute),
    ("rpd", Dimension::RequestsPerDay),
    ("tpd", Dimension::TokensPerDay),
];

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
const fn whole(number: f64) -> u64 {
    // The cast saturates.
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use unexhausted::errors::reader::read;

    fn question(text: &str) -> Result<Question, String> {
        Question::read(&read(text).unwrap().0)
    }

    #[test]
    fn all_but_the_number_has_a_default() {
        let question = question("{\"images\":500}").unwrap();
        assert_eq!((question.images, question.is_per_day, question.tier), (500, false, None));
        assert_eq!((question.size, question.quality), (Size::K1, Quality::Best));
        assert!(!question.edits && !question.interactive && question.seen.is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("{}", "`images` must be a whole number from 1"),
            ("{\"images\":0}", "`images`"),
            ("{\"images\":1.5}", "`images`"),
            (
                "{\"images\":1,\"imges\":1}",
                "unknown option `imges`; the known ones are images, per",
            ),
            ("{\"images\":1,\"per\":\"week\"}", "`per` must be one of month, day"),
            ("{\"images\":1,\"tier\":1}", "one of free, tier1, tier2, tier3"),
            ("{\"images\":1,\"size\":\"1k\"}", "one of 1K, 512, 2K, 4K"),
            ("{\"images\":1,\"quality\":\"high\"}", "one of best, good, any"),
            ("{\"images\":1,\"edits\":1}", "`edits` must be true or false"),
            ("{\"images\":1,\"targets\":[{\"name\":\"x\"}]}", "USD a picture"),
            ("{\"images\":1,\"targets\":{\"name\":\"x\"}}", "`targets` must be a list"),
            ("{\"images\":1,\"targets\":[{\"url\":\"x\"}]}", "unknown key in `targets` `url`"),
            ("{\"images\":1,\"limits\":{\"pro\":{\"rps\":1}}}", "unknown limit `rps`"),
            ("{\"images\":1,\"limits\":{\"pro\":{\"rpm\":\"1\"}}}", "`rpm` must be a number"),
            ("{\"images\":1,\"catalog\":[{\"id\":\"\"}]}", "`catalog`"),
            ("{\"images\":1,\"errors\":1}", "`errors`"),
        ] {
            let message = question(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
