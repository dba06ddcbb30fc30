//! The guide as a whole: what it recommends, and what no volume, tier or price may change.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]

use proptest::prelude::*;
use unexhausted::errors::reader::read;
use unexhausted::models::catalog::MODELS;
use unexhausted::models::known::Catalog;
use unexhausted_guide::model_info;
use unexhausted_guide::plan::{Plan, plan};
use unexhausted_guide::plan_options::Question;

fn ask(options: &str) -> Plan {
    plan(&Question::read(&read(options).unwrap().0).unwrap())
}

fn needed(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().filter(|step| step.needed).map(|step| step.step).collect()
}

#[test]
fn the_guide_s_bands_of_volume() {
    for (images, volume, steps) in [
        (99, "low", vec!["retry"]),
        (100, "medium", vec!["retry", "fallback", "alerts"]),
        (1_000, "medium", vec!["retry", "fallback", "alerts"]),
        (1_001, "high", vec!["retry", "fallback", "alerts", "queue"]),
    ] {
        let plan = ask(&format!("{{\"images\":{images},\"tier\":\"tier1\"}}"));
        assert_eq!(plan.volume, volume, "{images}");
        assert_eq!(needed(&plan), steps, "{images}");
    }
}

#[test]
fn high_volume_names_provisioned_throughput() {
    // "Choose your strategy based on volume", the high band of the guide.
    for options in [
        r#"{ "images": 20000, "tier": "tier1", "interactive": true }"#,
        r#"{ "images": 20000, "tier": "tier3" }"#,
        r#"{ "images": 1001, "tier": "tier2", "interactive": true }"#,
    ] {
        let names: Vec<_> = ask(options).steps.iter().map(|step| step.step).collect();
        let count = names.iter().filter(|name| **name == "provisioned_throughput").count();
        assert_eq!(count, 1, "{options}: {names:?}");
    }
    let few = ask(r#"{ "images": 1000, "tier": "tier1", "interactive": true }"#);
    assert!(few.steps.iter().all(|step| step.step != "provisioned_throughput"));
}

#[test]
fn chain_and_steps_tell_one_truth() {
    for options in [
        r#"{ "images": 5, "tier": "tier1" }"#,
        r#"{ "images": 500, "tier": "tier1" }"#,
        r#"{ "images": 500, "tier": "tier1", "size": "512" }"#,
        r#"{ "images": 5, "tier": "tier1", "size": "512" }"#,
    ] {
        let plan = ask(options);
        let step = plan.steps.iter().find(|step| step.step == "fallback");
        let says_chain = step.is_some_and(|step| step.how.contains("plan.chain"));
        assert_eq!(says_chain, plan.chain.len() > 1, "{options}");
    }
}

#[test]
fn diagnose_your_error_pattern_429_under_ten_a_day_is_the_free_day_s() {
    let found = |options: &str| {
        let errors = r#""errors":{"outcomes":[{"kind":"rate_limited","count":3}]}"#;
        ask(&format!("{{{options},{errors}}}")).diagnosis.unwrap().pattern
    };
    assert_eq!(found(r#""images":9,"per":"day","tier":"free""#), "free_tier");
    assert_eq!(found(r#""images":100,"tier":"free""#), "free_tier");
    assert_eq!(found(r#""images":10,"per":"day","tier":"free""#), "burst");
    assert_eq!(found(r#""images":9,"per":"day","tier":"tier1""#), "burst");
}

#[test]
fn what_only_a_model_can_do_that_is_to_end_is_asked_of_it() {
    let plan = ask(r#"{ "images": 5, "size": "512", "tier": "tier1" }"#);
    assert_eq!(plan.chain, ["gemini-3.1-flash-image"]);
    assert!(!needed(&plan).contains(&"provisioned_throughput"), "{:?}", needed(&plan));
}

#[test]
fn the_free_tier_is_left_first() {
    let plan = ask("{\"images\":10,\"tier\":\"free\",\"interactive\":true}");
    assert_eq!(needed(&plan)[..3], ["billing", "retry", "fallback"]);
    assert!(plan.times.iter().filter(|row| row.own).all(|row| row.time.is_none()));
    assert_eq!(plan.checklist[0].yes, Some(true));
    assert_eq!(plan.checklist[0].then, "Enable billing at once.");
}

#[test]
fn the_chain_begins_with_the_cheapest_that_is_good_enough() {
    let chain = |options: &str| ask(&format!("{{\"images\":10,{options}}}")).chain;
    assert_eq!(
        chain("\"quality\":\"best\""),
        ["gemini-3-pro-image", "gemini-nano-banana-2.1", "gemini-3.1-flash-lite-image"]
    );
    assert_eq!(chain("\"quality\":\"good\"")[0], "gemini-nano-banana-2.1");
    let cheap = "\"quality\":\"any\",\"catalog\":[{\"id\":\"tiny\",\"sizes\":{\"1K\":0.001}}]";
    assert_eq!(chain(cheap)[0], "tiny");
    assert_eq!(
        chain("\"size\":\"4K\""),
        ["gemini-3-pro-image", "gemini-nano-banana-2.1"],
        "the lite model makes no 4K"
    );
}

#[test]
fn a_tier_that_does_not_keep_up_is_left_for_the_lowest_that_does() {
    // 2,000 pictures of Pro are $268, over the $250 of tier 1.
    let plan = ask("{\"images\":2000,\"tier\":\"tier1\"}");
    let step = plan.steps.iter().find(|step| step.step == "higher_tier").unwrap();
    assert!(step.why.contains("tier2 does: $100 paid"), "{}", step.why);
    // 20,000 a day are over everything.
    let plan = ask("{\"images\":20000,\"per\":\"day\",\"tier\":\"tier1\"}");
    assert!(needed(&plan).contains(&"provisioned_throughput"));
}

#[test]
fn the_limit_that_binds_is_named() {
    let plan = ask("{\"images\":200,\"per\":\"day\",\"tier\":\"tier1\"}");
    let row = |model: &str, tier: &str| {
        plan.times.iter().find(|row| row.model == model && row.tier == tier).unwrap().clone()
    };
    let first = row("gemini-3-pro-image", "tier1");
    assert_eq!((first.binds, first.time), (Some("spend"), Some(1_200_000)));
    assert_eq!((first.per_day, first.limits_known), (Some(250), true));
    let newest = row("gemini-nano-banana-2.1", "tier1");
    assert!(!newest.limits_known && newest.time == Some(0), "297 fit into ten minutes");
    let own =
        ask("{\"images\":200,\"tier\":\"tier1\",\"limits\":{\"gemini-3-pro-image\":{\"rpm\":2}}}");
    assert_eq!(own.times[1].binds, Some("requests_per_minute"));
    assert_eq!(own.times[1].time, Some(99 * 60_000));
}

#[test]
fn errors_lead_to_a_diagnosis_and_its_steps() {
    let zero = "{\"outcomes\":[{\"kind\":\"not_in_tier\",\"limit\":0,\"model\":\"pro\"}]}";
    let plan = ask(&format!("{{\"images\":10,\"tier\":\"tier1\",\"errors\":{zero}}}"));
    assert_eq!(plan.diagnosis.as_ref().unwrap().pattern, "free_tier");
    assert_eq!(needed(&plan)[0], "billing");
    let peak = "{\"outcomes\":[{\"at\":3600000,\"kind\":\"overloaded\",\"count\":9}]}";
    let plan = ask(&format!("{{\"images\":10,\"tier\":\"tier1\",\"errors\":{peak}}}"));
    assert_eq!(plan.checklist[3].yes, Some(true));
    assert!(needed(&plan).contains(&"off_peak") && needed(&plan).contains(&"fallback"));
}

#[test]
fn what_can_wait_is_told_of_the_batch_api_and_what_cannot_is_not() {
    let told = |interactive: bool| {
        let options = format!("{{\"images\":5000,\"interactive\":{interactive}}}");
        ask(&options).steps.iter().any(|step| step.step == "batch")
    };
    assert!(told(false) && !told(true));
}

#[test]
fn a_proxy_is_priced_beside_every_model() {
    let proxy = "\"targets\":[{\"name\":\"a proxy\",\"price\":0.05}]";
    let plan = ask(&format!("{{\"images\":1000,{proxy}}}"));
    let priced = MODELS.iter().filter(|model| model.price(None).is_some()).count();
    assert_eq!(plan.costs.len(), priced + 1);
    let last = plan.costs.last().unwrap();
    assert_eq!((last.route, last.standard.per_month), ("custom", 50.0));
    let step = plan.steps.iter().find(|step| step.step == "proxy").unwrap();
    assert!(step.why.starts_with("a proxy sells"), "{}", step.why);
}

#[test]
fn the_catalogue_lists_what_is_known_of_each_model() {
    let catalog = Catalog::default();
    let rows = serde_json::to_value(model_info::list(&catalog)).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), MODELS.len());
    let pro = &rows[0];
    assert_eq!(pro["id"], "gemini-3-pro-image");
    assert_eq!(pro["olderNames"][1], "gemini-3-pro-image-preview");
    assert_eq!(pro["sizes"][2]["batchPrice"], 0.12);
    assert_eq!(
        (pro["since"].as_str(), pro["freeTier"].as_bool()),
        (Some("2026-05-28"), Some(false))
    );
    for row in rows.as_array().unwrap() {
        assert!(!row["source"].as_str().unwrap().is_empty(), "{row}");
        assert_eq!(row["checked"], "2026-11-28");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn more_pictures_never_cost_less_nor_take_less_time(
        images in 1..100_000_u64,
        more in 1..100_000_u64,
        per in prop::sample::select(vec!["day", "month"]),
        size in prop::sample::select(vec!["1K", "2K", "4K"]),
        edits: bool,
    ) {
        let at = |images: u64| {
            ask(&format!("{{\"images\":{images},\"per\":\"{per}\",\"size\":\"{size}\",\"edits\":{edits}}}"))
        };
        let (few, many) = (at(images), at(images + more));
        for (low, high) in few.costs.iter().zip(&many.costs) {
            prop_assert!(low.standard.per_month < high.standard.per_month);
            if let (Some(low_batch), Some(batch)) = (low.batch, high.batch) {
                prop_assert!(low_batch.per_month < batch.per_month);
                prop_assert!(batch.per_month < high.standard.per_month);
            }
        }
        for (low, high) in few.times.iter().zip(&many.times) {
            prop_assert!(low.time <= high.time, "{low:?} {high:?}");
            prop_assert!(low.keeps_up || !high.keeps_up);
        }
    }

    #[test]
    fn a_higher_tier_is_never_slower_nor_keeps_up_less(
        images in 1..1_000_000_u64,
        size in prop::sample::select(vec!["1K", "2K", "4K"]),
    ) {
        let plan = ask(&format!("{{\"images\":{images},\"size\":\"{size}\",\"tier\":\"tier1\"}}"));
        for pair in plan.times.windows(2) {
            if pair[0].model == pair[1].model && pair[0].time.is_some() {
                prop_assert!(pair[1].time <= pair[0].time, "{pair:?}");
                prop_assert!(pair[1].keeps_up || !pair[0].keeps_up);
                prop_assert!(pair[0].per_day <= pair[1].per_day);
            }
        }
    }
}

#[test]
fn limits_are_rows_with_a_date_and_a_source() {
    let rows = serde_json::to_value(unexhausted_guide::limit_table::LIMITS).unwrap();
    for row in rows.as_array().unwrap() {
        for key in ["model", "tier", "date", "source"] {
            assert!(row[key].as_str().is_some_and(|text| !text.is_empty()), "{row}");
        }
        assert!(row["rpm"] != row["nothing"] || row["rpd"] != row["nothing"], "{row}");
    }
    let ranged =
        rows.as_array().unwrap().iter().any(|row| row["rpm"] == serde_json::json!([5, 10]));
    assert!(ranged, "a range is two numbers");
}
