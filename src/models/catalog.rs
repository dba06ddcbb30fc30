//! The image models, as data: one row a model, with its source.
//!
//! A row of `ROWS` has two halves, which are taken apart at compile time: [`MODELS`] is what every
//! call needs; [`NOTES`], for people, takes more room and is only in modules that use it.

use crate::base::slice::after_last;
use crate::models::model::{Model, Ratios, SizePrice, Status};
use crate::models::parameter::Refused;
use crate::models::service_tier::Tiers;
use crate::protocol::Protocol;
use crate::protocol::need::Size;

/// How good the pictures of a model are, as far as a guide can say.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Quality {
    /// Quick and cheap.
    Any,
    /// Good enough for most.
    Good,
    /// The best there is.
    Best,
}

/// The facts on a model that are for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// The day on which it came, as far as it is known.
    pub since: Option<&'static str>,
    /// The day on which it was deprecated.
    pub deprecated: Option<&'static str>,
    /// The day on which it ends, or has ended, on the Developer API.
    pub ends: Option<&'static str>,
    /// The same on Vertex AI.
    pub vertex_ends: Option<&'static str>,
    /// The type of its pictures.
    pub format: &'static str,
    /// The most input and output tokens; 0 where nobody has said.
    pub tokens: (u32, u32),
    /// Input tokens of one reference image; `None` where nobody has measured them.
    pub reference_tokens: Option<u32>,
    /// How good its pictures are.
    pub quality: Quality,
    /// Whether there is a free tier for it.
    pub free_tier: bool,
    /// A remark on what the other fields do not say.
    pub remark: &'static str,
    /// The sources of the row.
    pub source: &'static str,
    /// The day on which the sources were read.
    pub checked: &'static str,
}

/// The price of the Batch API as a share of the standard price. Source: the batch guide of 2026.
pub const BATCH_SHARE: f64 = 0.5;
/// Tiers by API. Source: the price file of LiteLLM 1.110.2, whose rows for the Developer API and
/// for Vertex AI differ; Google's tables of the priority page of 2026-09-12.
const BOTH: Tiers = Tiers::FLEX.and(Tiers::PRIORITY);
const VERTEX_BOTH: Tiers = Tiers::VERTEX_FLEX.and(Tiers::VERTEX_PRIORITY);

const fn price(size: Size, tokens: u32, usd: f64) -> SizePrice {
    SizePrice { size, tokens, usd }
}

/// A Gemini model as most are.
const GEMINI: Model<'static> = Model {
    id: "",
    name: "",
    status: Status::Stable,
    successor: None,
    protocol: Protocol::Gemini,
    sizes: &[],
    takes_size: true,
    ratios: Ratios::Ten,
    references: 14,
    input_usd: 0.0,
    text_usd: 0.0,
    image_usd: 0.0,
    batch: true,
    refuses: Refused::NONE,
    tiers: Tiers::NONE,
};

/// A model that is not in the catalogue, as the newest are.
pub(crate) const NEW: Model<'static> =
    Model { ratios: Ratios::Fourteen, tiers: Tiers::ALL, ..GEMINI };

/// An Imagen model: a price a picture, no references, no Batch API, and all of them are gone.
const IMAGEN: Model<'static> = Model {
    status: Status::Retired,
    protocol: Protocol::Imagen,
    ratios: Ratios::Five,
    references: 0,
    batch: false,
    ..GEMINI
};

const SDK: &str = "@google/genai 3.3.0, google-genai 3.6.1, the changelog of the Gemini API to \
    2026-10-27, LiteLLM 1.110.2, genai-prices 0.2.3";
const GONE: &str = "the changelog of the Gemini API, LiteLLM 1.109.1";

/// A note as most are. No image model has a free tier: a free key gets a 429 with `limit: 0`
/// (measured 2026-09-02).
const NOTE: Note = Note {
    since: None,
    deprecated: None,
    ends: None,
    vertex_ends: None,
    format: "image/jpeg",
    tokens: (65_536, 32_768),
    reference_tokens: None,
    quality: Quality::Good,
    free_tier: false,
    remark: "",
    source: SDK,
    checked: "2026-11-28",
};

/// A note on a model that is gone.
const PAST: Note = Note { format: "image/png", tokens: (0, 0), source: GONE, ..NOTE };

/// Successors of retired models are the nearest in price and use where Google names none.
const ROWS: [(Model<'static>, Note); 11] = [
    (
        Model {
            id: "gemini-3-pro-image",
            name: "Nano Banana Pro",
            sizes: &[
                price(Size::K1, 1_120, 0.134),
                price(Size::K2, 1_120, 0.134),
                price(Size::K4, 2_000, 0.24),
            ],
            input_usd: 2.0,
            text_usd: 12.0,
            image_usd: 120.0,
            tiers: BOTH.and(VERTEX_BOTH),
            ..GEMINI
        },
        Note {
            since: Some("2026-05-28"),
            reference_tokens: Some(560),
            quality: Quality::Best,
            remark: "Thinks always; keeps 6 objects and 5 people alike.",
            vertex_ends: Some("2027-05-28"),
            ..NOTE
        },
    ),
    (
        Model {
            id: "gemini-nano-banana-2.1",
            name: "Nano Banana 2.1",
            sizes: &[
                price(Size::K1, 1_120, 0.0336),
                price(Size::K2, 1_680, 0.0504),
                price(Size::K4, 3_780, 0.1134),
            ],
            ratios: Ratios::Fourteen,
            input_usd: 1.5,
            text_usd: 7.5,
            image_usd: 30.0,
            refuses: Refused::SAMPLING,
            tiers: Tiers::VERTEX_PRIORITY,
            ..GEMINI
        },
        Note {
            since: Some("2026-10-06"),
            tokens: (131_072, 32_768),
            remark: "Refuses 512, temperature, topP and seed.",
            ..NOTE
        },
    ),
    (
        Model {
            id: "gemini-3.1-flash-lite-image",
            name: "Nano Banana 2 Lite",
            sizes: &[price(Size::K1, 1_120, 0.0336)],
            ratios: Ratios::Fourteen,
            input_usd: 0.25,
            text_usd: 1.5,
            image_usd: 30.0,
            tiers: VERTEX_BOTH,
            ..GEMINI
        },
        Note {
            since: Some("2026-06-30"),
            tokens: (65_536, 4_096),
            quality: Quality::Any,
            remark: "The quickest: 4.2 s in the median (measured 2026-09-02).",
            ..NOTE
        },
    ),
    (
        Model {
            id: "gemini-3.1-flash-image",
            name: "Nano Banana 2",
            status: Status::Deprecated,
            successor: Some("gemini-nano-banana-2.1"),
            sizes: &[
                price(Size::Px512, 747, 0.045),
                price(Size::K1, 1_120, 0.067),
                price(Size::K2, 1_680, 0.101),
                price(Size::K4, 2_520, 0.151),
            ],
            ratios: Ratios::Fourteen,
            input_usd: 0.5,
            text_usd: 3.0,
            image_usd: 60.0,
            tiers: VERTEX_BOTH,
            ..GEMINI
        },
        Note {
            since: Some("2026-05-28"),
            deprecated: Some("2026-10-06"),
            vertex_ends: Some("2027-05-28"),
            tokens: (131_072, 32_768),
            reference_tokens: Some(1_120),
            remark: "The day of its end on the Developer API was withdrawn, and none is announced.",
            ..NOTE
        },
    ),
    (
        Model {
            id: "gemini-2.5-flash-image",
            name: "Nano Banana",
            status: Status::Deprecated,
            successor: Some("gemini-3.1-flash-lite-image"),
            sizes: &[price(Size::K1, 1_290, 0.039)],
            takes_size: false,
            references: 3,
            input_usd: 0.3,
            text_usd: 2.5,
            image_usd: 30.0,
            refuses: Refused::THINKING,
            tiers: BOTH.and(Tiers::VERTEX_FLEX),
            ..GEMINI
        },
        Note {
            since: Some("2025-10-02"),
            deprecated: Some("2026-09-18"),
            ends: Some("2027-03-15"),
            vertex_ends: Some("2027-03-15"),
            format: "image/png",
            reference_tokens: Some(258),
            remark: "Closed to new users; makes about 1K whatever it is asked for.",
            ..NOTE
        },
    ),
    (
        Model {
            id: "imagen-4.0-fast-generate-001",
            name: "Imagen 4 Fast",
            successor: Some("gemini-3.1-flash-lite-image"),
            sizes: &[price(Size::K1, 0, 0.02)],
            ..IMAGEN
        },
        Note { ends: Some("2026-08-17"), quality: Quality::Any, ..PAST },
    ),
    (
        Model {
            id: "imagen-4.0-generate-001",
            name: "Imagen 4",
            successor: Some("gemini-nano-banana-2.1"),
            sizes: &[price(Size::K1, 0, 0.04), price(Size::K2, 0, 0.04)],
            ..IMAGEN
        },
        Note { ends: Some("2026-08-17"), ..PAST },
    ),
    (
        Model {
            id: "imagen-4.0-ultra-generate-001",
            name: "Imagen 4 Ultra",
            successor: Some("gemini-3-pro-image"),
            sizes: &[price(Size::K1, 0, 0.06), price(Size::K2, 0, 0.06)],
            ..IMAGEN
        },
        Note { ends: Some("2026-08-17"), ..PAST },
    ),
    (
        Model {
            id: "imagen-3.0-generate-002",
            name: "Imagen 3",
            successor: Some("gemini-nano-banana-2.1"),
            ..IMAGEN
        },
        Note { ends: Some("2025-11-10"), quality: Quality::Any, ..PAST },
    ),
    (
        Model {
            id: "gemini-2.0-flash-preview-image-generation",
            name: "Gemini 2.0 Flash",
            status: Status::Retired,
            successor: Some("gemini-nano-banana-2.1"),
            takes_size: false,
            references: 3,
            batch: false,
            ..GEMINI
        },
        Note { ends: Some("2025-11-14"), quality: Quality::Any, ..PAST },
    ),
    (
        Model {
            id: "gemini-2.0-flash-exp-image-generation",
            name: "Gemini 2.0 Flash (experimental)",
            status: Status::Retired,
            successor: Some("gemini-nano-banana-2.1"),
            takes_size: false,
            references: 3,
            batch: false,
            ..GEMINI
        },
        Note { ends: Some("2025-11-14"), quality: Quality::Any, ..PAST },
    ),
];

/// The models that Google serves or has served, the current ones first.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "compile time")]
pub static MODELS: &[Model<'static>] = &{
    let mut halves = [GEMINI; ROWS.len()];
    let mut index = 0;
    while index < ROWS.len() {
        halves[index] = ROWS[index].0;
        index += 1;
    }
    halves
};

/// The notes on [`MODELS`], in the same order.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "compile time")]
pub static NOTES: &[Note] = &{
    let mut halves = [NOTE; ROWS.len()];
    let mut index = 0;
    while index < ROWS.len() {
        halves[index] = ROWS[index].1;
        index += 1;
    }
    halves
};

/// Names that are not, or no longer, the id of a model, and whose they are.
///
/// Source: the changelog, which shut the preview ids (2.5 on 2026-01-15, the others on 2026-06-25);
/// the SDK's list of models for the alias of Pro. `imagen-4-fast` was never an id: the guide of
/// February 2026 calls the model so.
pub const OLDER_NAMES: &[(&str, &str)] = &[
    ("nano-banana-pro-preview", "gemini-3-pro-image"),
    ("gemini-3-pro-image-preview", "gemini-3-pro-image"),
    ("gemini-3.1-flash-image-preview", "gemini-3.1-flash-image"),
    ("gemini-2.5-flash-image-preview", "gemini-2.5-flash-image"),
    ("imagen-4-fast", "imagen-4.0-fast-generate-001"),
];

/// The default chain, in order of preference.
pub const DEFAULT_CHAIN: &[&str] =
    &["gemini-3-pro-image", "gemini-nano-banana-2.1", "gemini-3.1-flash-lite-image"];

/// The id in the name of a resource: behind `models/`, or `publishers/google/models/` and what may
/// stand before that.
#[must_use]
pub fn bare(name: &str) -> &str {
    let of_vertex = after_last(name, "publishers/google/models/");
    of_vertex.or_else(|| name.strip_prefix("models/")).unwrap_or(name)
}

/// The model of this id, or of the name of its resource.
#[must_use]
pub fn find(id: &str) -> Option<&'static Model<'static>> {
    let id = bare(id);
    MODELS.iter().find(|model| model.id == id)
}

/// The id of the model that an older name stands for, or the name that people use:
/// `nano-banana-pro`.
#[must_use]
pub fn whose(name: &str) -> Option<&'static str> {
    let older = OLDER_NAMES.iter().find(|(older, _)| *older == name).map(|&(_, id)| id);
    older
        .or_else(|| MODELS.iter().find(|model| is_nickname(name, model.name)).map(|model| model.id))
}

/// Whether these are the same letters and digits, however they are set apart.
fn is_nickname(said: &str, name: &str) -> bool {
    let letters = |text: &str| {
        let plain = text.bytes().filter(u8::is_ascii_alphanumeric);
        plain.map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    // Most ids are longer than any name, and are not worth a second look.
    said.len() <= name.len() && letters(said) == letters(name)
}

/// The note on the model of this id.
#[must_use]
pub fn note(id: &str) -> Option<&'static Note> {
    MODELS.iter().zip(NOTES).find(|(model, _)| model.id == id).map(|(_, note)| note)
}

/// The model whose picture costs least at its default size.
#[must_use]
pub fn cheapest() -> Option<&'static Model<'static>> {
    let usd = |model: &&Model<'_>| model.price(None).map_or(f64::INFINITY, |row| row.usd);
    DEFAULT_CHAIN.iter().filter_map(|id| find(id)).reduce(|best, model| {
        // Of two equal prices the newer generation is named first, and stays.
        if usd(&model) < usd(&best) { model } else { best }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::need::Need;

    #[test]
    fn ids_are_unique_and_the_default_chain_is_in_the_catalogue() {
        for (index, model) in MODELS.iter().enumerate() {
            assert_eq!(MODELS.iter().position(|other| other.id == model.id), Some(index));
        }
        assert!(
            DEFAULT_CHAIN.iter().all(|id| find(id).unwrap().status == Status::Stable),
            "nobody is sent to a model that ends"
        );
        assert_eq!(
            find("models/gemini-3-pro-image").map(|model| model.name),
            Some("Nano Banana Pro")
        );
    }

    #[test]
    fn a_picture_s_price_is_its_tokens_at_the_image_rate() {
        for model in MODELS.iter().filter(|model| model.protocol == Protocol::Gemini) {
            for row in model.sizes {
                let usd = f64::from(row.tokens) * model.image_usd / 1e6;
                assert!((usd - row.usd).abs() < 0.001, "{} {:?}: {usd}", model.id, row);
            }
        }
    }

    #[test]
    fn a_larger_picture_never_costs_less() {
        for model in MODELS {
            for pair in model.sizes.windows(2) {
                assert!(pair[0].size < pair[1].size, "{}", model.id);
                assert!(pair[0].usd <= pair[1].usd, "{}", model.id);
            }
        }
    }

    #[test]
    fn what_ends_has_a_date_and_a_successor_that_is_served() {
        for (model, note) in MODELS.iter().zip(NOTES) {
            let ends = matches!(model.status, Status::Deprecated | Status::Retired);
            let is_dated = note.deprecated.is_some() || note.ends.is_some();
            assert_eq!(is_dated, ends, "{}", model.id);
            assert_eq!(model.successor.is_some(), ends, "{}", model.id);
            let successor = model.successor.map(|id| find(id).unwrap());
            assert!(successor.is_none_or(|model| model.status == Status::Stable), "{}", model.id);
        }
    }

    #[test]
    fn every_row_says_where_it_is_from_and_when_that_was_read() {
        for (model, note) in MODELS.iter().zip(NOTES) {
            assert!(!note.source.is_empty() && note.checked.len() == 10, "{}", model.id);
            assert!(!note.free_tier, "no image model has a free tier");
            let days = [note.since, note.deprecated, note.ends, note.vertex_ends];
            for day in days.into_iter().flatten() {
                assert!(day.len() == 10 && day.starts_with("202"), "{}: {day}", model.id);
            }
        }
        assert_eq!(note("gemini-2.5-flash-image"), Some(&NOTES[4]));
    }

    #[test]
    fn older_names_are_nobody_s_id_and_lead_to_a_row() {
        for (older, id) in OLDER_NAMES {
            assert!(find(older).is_none() && find(id).is_some(), "{older}");
        }
    }

    #[test]
    fn a_model_goes_by_its_resource_and_by_its_nickname() {
        for name in [
            "models/gemini-3-pro-image",
            "publishers/google/models/gemini-3-pro-image",
            "projects/p/locations/global/publishers/google/models/gemini-3-pro-image",
        ] {
            assert_eq!(bare(name), "gemini-3-pro-image");
        }
        assert_eq!(bare("tunedModels/mine"), "tunedModels/mine");
        for (nickname, id) in [
            ("nano-banana-pro", "gemini-3-pro-image"),
            ("nano-banana-2.1", "gemini-nano-banana-2.1"),
            ("nano-banana-2-lite", "gemini-3.1-flash-lite-image"),
            ("nano-banana-2", "gemini-3.1-flash-image"),
            ("nano-banana", "gemini-2.5-flash-image"),
        ] {
            assert_eq!(whose(nickname), Some(id));
        }
        assert_eq!(whose("nano-banana-9"), None);
    }

    #[test]
    fn the_cheapest_model_is_a_current_one() {
        assert_eq!(cheapest().map(|model| model.id), Some("gemini-nano-banana-2.1"));
    }

    #[test]
    fn what_a_model_lacks_is_named() {
        let lite = find("gemini-3.1-flash-lite-image").unwrap();
        let pro = find("gemini-3-pro-image").unwrap();
        let need = |size, ratio: Option<&str>, references| Need {
            size,
            ratio: ratio.map(str::to_owned),
            references,
        };
        assert_eq!(lite.lacks(&need(Some(Size::K4), None, 0)), Some("size"));
        assert_eq!(pro.lacks(&need(Some(Size::K4), Some("16:9"), 14)), None);
        assert_eq!(pro.lacks(&need(None, Some("1:8"), 0)), Some("aspect ratio"));
        assert_eq!(lite.lacks(&need(None, Some("1:8"), 0)), None);
        assert_eq!(pro.lacks(&need(None, None, 15)), Some("reference images"));
    }

    #[test]
    fn of_a_model_without_sizes_nothing_is_refused_for_its_size() {
        let bare = Model { sizes: &[], ..*find("gemini-3-pro-image").unwrap() };
        let need = Need { size: Some(Size::K4), ..Need::default() };
        assert_eq!(bare.lacks(&need), None);
        assert!(bare.price(None).is_none() && bare.sends_size(true) && !bare.sends_size(false));
    }

    #[test]
    fn the_default_size_is_1k_wherever_it_stands() {
        let sizes = [Size::Px512, Size::K1].map(|size| SizePrice { size, tokens: 1, usd: 0.01 });
        let model = Model { sizes: &sizes, ..*find("gemini-3-pro-image").unwrap() };
        assert_eq!(model.price(None).map(|row| row.size), Some(Size::K1));
        assert_eq!(model.price(Some(Size::Px512)).map(|row| row.size), Some(Size::Px512));
    }
}
