//! A row of the caller's own in the catalogue.

use crate::base::text::join;
use crate::base::value::Value;
use crate::models::catalog::{self, NEW};
use crate::models::model::{Model, Ratios, SizePrice, Status};
use crate::models::parameter::{PARAMETERS, Refused};
use crate::models::service_tier::{self, ServiceTier, Tiers};
use crate::protocol::Protocol;
use crate::protocol::need::Size;
use crate::request::options::{self, scope};
use crate::request::shape::Shape;

/// One model as the caller describes it; what is not said is as in the built-in row, if any.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OwnRow {
    pub(crate) id: String,
    /// The built-in row with the caller's values, but for the texts and lists below.
    base: Model<'static>,
    name: Option<String>,
    successor: Option<String>,
    sizes: Option<Vec<SizePrice>>,
    ratios: Option<Vec<String>>,
}

impl OwnRow {
    /// Reads `{ id, name, status, successor, sizes, ratios, … }`.
    pub(crate) fn read(row: &Value) -> Result<Self, String> {
        let Some(id) = row.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) else {
            return Err("a row of `catalog` must be an object with the `id` of a model".to_owned());
        };
        let mut own = Self {
            id: id.to_owned(),
            base: base(id),
            name: None,
            successor: None,
            sizes: None,
            ratios: None,
        };
        for (key, value) in row.entries() {
            let option = options::find(scope::ROW, key)?;
            if !fits(value, option.shape) {
                return Err(wrong(key, option.shape.as_str()));
            }
            own.take(option.name, value)?;
        }
        if own.sizes.is_some() && row.get("imagePrice").is_none() {
            // The price by token may disagree with the prices of the sizes.
            own.base.image_usd = 0.0;
        }
        Ok(own)
    }

    fn take(&mut self, key: &str, value: &Value) -> Result<(), String> {
        let text = || value.as_str().unwrap_or_default();
        let usd = value.as_f64().unwrap_or_default();
        match key {
            "name" => self.name = Some(text().to_owned()),
            "successor" => self.successor = Some(text().to_owned()),
            "status" => self.base.status = one_of(key, text(), &Status::ALL, Status::as_str)?,
            "protocol" => {
                self.base.protocol = Protocol::parse(text()).unwrap_or_default();
            }
            "sizes" => self.take_sizes(value)?,
            "ratios" => {
                let texts = value.items().iter().map(|item| item.as_str().map(str::to_owned));
                let ratios: Option<Vec<_>> = texts.collect();
                let ratios = ratios.filter(|ratios| !ratios.is_empty());
                self.ratios =
                    Some(ratios.ok_or_else(|| wrong(key, "a list like ['1:1', '16:9']"))?);
            }
            "references" => self.base.references = whole(usd),
            "takesSize" => self.base.takes_size = *value == Value::Bool(true),
            "batch" => self.base.batch = *value == Value::Bool(true),
            "refuses" => {
                let mut names = value.items().iter().map(|item| item.as_str().unwrap_or_default());
                let refused = names.try_fold(Refused::NONE, Refused::with);
                self.base.refuses = refused.ok_or_else(|| {
                    wrong(key, &["a list of these: ", &join(PARAMETERS, ", ")].concat())
                })?;
            }
            "tiers" => {
                let mut names = value.items().iter().map(|item| item.as_str().unwrap_or_default());
                let tiers = names.try_fold(Tiers::NONE, |tiers, name| {
                    Some(tiers.and(Tiers::of(ServiceTier::parse(name)?)))
                });
                self.base.tiers = tiers
                    .ok_or_else(|| wrong(key, &["a list of ", service_tier::NAMES].concat()))?;
            }
            "inputPrice" => self.base.input_usd = usd,
            "textPrice" => self.base.text_usd = usd,
            "imagePrice" => self.base.image_usd = usd,
            // The id is read.
            _ => {}
        }
        Ok(())
    }

    /// Sizes with USD a picture.
    fn take_sizes(&mut self, sizes: &Value) -> Result<(), String> {
        let mut rows: [Option<SizePrice>; 4] = [None; 4];
        for (key, value) in sizes.entries() {
            let usd = value.as_f64().filter(|usd| *usd >= 0.0 && usd.is_finite());
            let (Some(size), Some(usd)) = (Size::parse(key), usd) else {
                return Err(wrong(
                    "sizes",
                    "like { '1K': 0.05 }: USD for one picture of each size",
                ));
            };
            let tokens = self.base.row(size).map_or(0, |row| row.tokens);
            if let Some(row) = rows.get_mut(size as usize) {
                *row = Some(SizePrice { size, tokens, usd });
            }
        }
        self.sizes = Some(rows.into_iter().flatten().collect());
        Ok(())
    }

    /// The row as the model that it describes.
    pub(crate) fn model(&self) -> Model<'_> {
        Model {
            id: &self.id,
            // A new model has the name of its id.
            name: self.name.as_deref().unwrap_or(if self.base.id.is_empty() {
                &self.id
            } else {
                self.base.name
            }),
            successor: self.successor.as_deref().or(self.base.successor),
            sizes: self.sizes.as_deref().unwrap_or(self.base.sizes),
            ratios: self.ratios.as_deref().map_or(self.base.ratios, Ratios::Own),
            ..self.base
        }
    }
}

/// The row that is built in for an id or older name. A caller with a row for an older name knows of
/// a server that goes by it.
fn base(id: &str) -> Model<'static> {
    let older = || Some(Model { status: Status::Stable, ..*catalog::find(catalog::whose(id)?)? });
    catalog::find(id).copied().or_else(older).unwrap_or(NEW)
}

fn wrong(key: &str, must_be: &str) -> String {
    ["option `", key, "` in a row of `catalog` must be ", must_be].concat()
}

fn one_of<T: Copy>(
    key: &str,
    text: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    let found = all.iter().copied().find(|item| name(*item) == text);
    found.ok_or_else(|| {
        let names = all.iter().map(|item| name(*item));
        wrong(key, &["one of ", &join(names, ", ")].concat())
    })
}

fn fits(value: &Value, shape: Shape) -> bool {
    match shape {
        Shape::Text => value.as_str().is_some_and(|text| !text.is_empty()),
        Shape::Protocol => value.as_str().is_some_and(|name| Protocol::parse(name).is_some()),
        Shape::Object => matches!(value, Value::Object(_)),
        Shape::List => matches!(value, Value::Array(_)),
        Shape::Flag => matches!(value, Value::Bool(_)),
        Shape::Amount => value.as_f64().is_some_and(|number| number >= 0.0 && number.is_finite()),
        _ => false,
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(number: f64) -> u32 {
    // The cast saturates.
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::reader::read;

    fn row(text: &str) -> Result<OwnRow, String> {
        OwnRow::read(&read(text).unwrap().0)
    }

    #[test]
    fn what_is_not_said_is_as_built_in_or_as_gemini() {
        let new = row("{\"id\":\"gemini-9-image\"}").unwrap();
        let model = new.model();
        assert_eq!((model.name, model.status), ("gemini-9-image", Status::Stable));
        assert!(model.sizes.is_empty() && model.batch && model.ratios == Ratios::Fourteen);
        let lite = row("{\"id\":\"gemini-3.1-flash-lite-image\",\"references\":2}").unwrap();
        assert_eq!(lite.model().references, 2);
        assert_eq!(lite.model().sizes, catalog::find(&lite.id).unwrap().sizes);
    }

    #[test]
    fn what_it_refuses_and_its_tiers_can_be_said() {
        let own =
            row("{\"id\":\"gemini-nano-banana-2.1\",\"refuses\":[\"topK\"],\"tiers\":[\"flex\"]}");
        let own = own.unwrap();
        assert_eq!(own.model().refuses.iter().collect::<Vec<_>>(), ["topK"]);
        for protocol in [Protocol::Gemini, Protocol::Vertex] {
            assert!(own.model().tiers.has(ServiceTier::Flex, protocol));
            assert!(!own.model().tiers.has(ServiceTier::Priority, protocol));
        }
        let none = row("{\"id\":\"gemini-nano-banana-2.1\",\"refuses\":[]}").unwrap();
        assert_eq!(none.model().refuses, Refused::NONE);
        assert_ne!(
            row("{\"id\":\"gemini-nano-banana-2.1\"}").unwrap().model().refuses,
            Refused::NONE
        );
    }

    #[test]
    fn prices_of_sizes_beat_the_price_by_token() {
        let own =
            row("{\"id\":\"gemini-3-pro-image\",\"sizes\":{\"4K\":0.2,\"1K\":0.05}}").unwrap();
        let model = own.model();
        assert_eq!(model.sizes.iter().map(|row| row.usd).collect::<Vec<_>>(), [0.05, 0.2]);
        assert_eq!((model.image_usd, model.sizes[0].tokens), (0.0, 1_120));
        let both = row("{\"id\":\"a\",\"imagePrice\":30,\"sizes\":{\"1K\":0.05}}").unwrap();
        assert_eq!(both.model().image_usd, 30.0, "whatever stands first");
    }

    #[test]
    fn a_row_for_an_older_name_is_of_what_it_was() {
        let older = row("{\"id\":\"imagen-4-fast\"}").unwrap();
        let model = older.model();
        assert_eq!((model.id, model.name), ("imagen-4-fast", "Imagen 4 Fast"));
        assert_eq!((model.status, model.protocol), (Status::Stable, Protocol::Imagen));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("{\"name\":\"x\"}", "an object with the `id`"),
            ("{\"id\":\"\"}", "an object with the `id`"),
            ("{\"id\":\"a\",\"prise\":1}", "unknown option `prise`; the known options are "),
            ("{\"id\":\"a\",\"status\":\"gone\"}", "one of stable, preview, deprecated, retired"),
            ("{\"id\":\"a\",\"status\":1}", "must be a text"),
            ("{\"id\":\"a\",\"sizes\":{\"1k\":0.1}}", "like { '1K': 0.05 }"),
            ("{\"id\":\"a\",\"sizes\":{\"1K\":-1}}", "like { '1K': 0.05 }"),
            ("{\"id\":\"a\",\"sizes\":[1]}", "must be an object"),
            ("{\"id\":\"a\",\"ratios\":[1]}", "a list like ['1:1', '16:9']"),
            ("{\"id\":\"a\",\"ratios\":[]}", "a list like ['1:1', '16:9']"),
            ("{\"id\":\"a\",\"refuses\":[\"sed\"]}", "a list of these: temperature, topP"),
            (
                "{\"id\":\"a\",\"tiers\":[\"flexible\"]}",
                "a list of 'flex', 'standard' or 'priority'",
            ),
            ("{\"id\":\"a\",\"batch\":\"no\"}", "true or false"),
            ("{\"id\":\"a\",\"protocol\":\"rest\"}", "'gemini', 'vertex', 'imagen'"),
        ] {
            let message = row(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
