//! The price of a row of a job.

use unexhausted::base::value::Value;
use unexhausted::models::catalog::BATCH_SHARE;
use unexhausted::models::cost::{self, Counts, TokenUsage};
use unexhausted::models::model::Model;
use unexhausted::protocol::need::Size;

/// USD of an answer at the price of the Batch API; `None` for a model without a known price there.
#[must_use]
pub fn of_row(
    model: Option<&Model<'_>>,
    size: Option<Size>,
    metadata: &Value,
    pictures: u32,
) -> Option<f64> {
    let model = model.filter(|model| model.batch)?;
    let usage = usage(metadata);
    if pictures == 0 && usage.is_none() {
        return Some(0.0);
    }
    Some(cost::answer(Some(model), size, usage.as_ref(), pictures)? * BATCH_SHARE)
}

/// The tokens of `usageMetadata`, by the rule that single answers are read by.
fn usage(metadata: &Value) -> Option<TokenUsage> {
    if metadata.entries().is_empty() {
        return None;
    }
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_f64);
    let count = |key: &str| number(metadata, key);
    let details = metadata.get("candidatesTokensDetails").map(Value::items).unwrap_or_default();
    let image = details
        .iter()
        .filter(|row| row.get("modality").and_then(Value::as_str) == Some("IMAGE"))
        .filter_map(|row| number(row, "tokenCount"))
        .reduce(|sum, tokens| sum + tokens);
    Counts::read(count, image).usage()
}

#[cfg(test)]
mod tests {
    use super::*;
    use unexhausted::errors::reader;
    use unexhausted::models::catalog::find;

    fn cost(model: &str, metadata: &str, pictures: u32) -> Option<f64> {
        let metadata = reader::read(metadata).unwrap().0;
        of_row(find(model), None, &metadata, pictures)
    }

    #[test]
    fn a_row_costs_half() {
        assert_eq!(cost("gemini-3-pro-image", "{}", 1), Some(0.067));
        let usage = r#"{"promptTokenCount":1000,"candidatesTokenCount":1120,
            "totalTokenCount":2120,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1120}]}"#;
        let usd = cost("gemini-3-pro-image", usage, 1).unwrap();
        assert!((usd - (0.1344 + 0.002) / 2.0).abs() < 1e-9, "{usd}");
    }

    #[test]
    fn a_row_is_believed_within_reason() {
        for wrong in ["-5000000", "110000000", "1000000000000000"] {
            let usage = [r#"{"promptTokenCount":"#, wrong, r#","totalTokenCount":2120}"#].concat();
            assert_eq!(cost("gemini-3-pro-image", &usage, 1), Some(0.067), "{wrong}");
        }
    }

    #[test]
    fn a_row_that_failed_costs_nothing() {
        assert_eq!(cost("gemini-3-pro-image", "{}", 0), Some(0.0));
    }

    #[test]
    fn what_has_no_price_there_has_none() {
        assert_eq!(cost("imagen-4.0-generate-001", "{}", 1), None);
        assert_eq!(cost("nobody-knows", "{}", 1), None);
    }
}
