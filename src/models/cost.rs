//! The cost of an answer, in USD, and the possible cost of a lost one.

use crate::models::model::Model;
use crate::protocol::need::Size;

/// Money spent, in billionths of a USD.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Spending {
    /// By answers that arrived.
    pub spent: u64,
    /// By requests whose answers did not arrive, and which may have been billed.
    pub possible: u64,
}

/// The tokens that an answer's `usageMetadata` reports.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TokenUsage {
    /// `promptTokenCount`.
    pub prompt: f64,
    /// The IMAGE row of `candidatesTokensDetails`, where there is one.
    pub image: Option<f64>,
    /// All other output, thoughts included.
    pub text: f64,
}

/// The counts of `usageMetadata` as an answer has them: anybody may have written it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// `promptTokenCount`.
    pub prompt: Option<f64>,
    /// `candidatesTokenCount`.
    pub candidates: Option<f64>,
    /// `thoughtsTokenCount`.
    pub thoughts: Option<f64>,
    /// `totalTokenCount`.
    pub total: Option<f64>,
    /// The sum of the IMAGE rows of `candidatesTokensDetails`, where there is one.
    pub image: Option<f64>,
}

impl Counts {
    /// The largest count that is believed; no model takes or gives a hundredth of it.
    const MOST: f64 = 1e8;

    /// Reads them by their names in `usageMetadata`.
    pub fn read(count: impl Fn(&'static str) -> Option<f64>, image: Option<f64>) -> Self {
        Self {
            prompt: count("promptTokenCount"),
            candidates: count("candidatesTokenCount"),
            thoughts: count("thoughtsTokenCount"),
            total: count("totalTokenCount"),
            image,
        }
    }

    /// The tokens; `None` where a count cannot be true, and the price table counts instead.
    #[must_use]
    pub fn usage(&self) -> Option<TokenUsage> {
        let counts = [self.prompt, self.candidates, self.thoughts, self.total, self.image];
        if counts.into_iter().flatten().any(|count| !(0.0..=Self::MOST).contains(&count)) {
            return None;
        }
        let of = |count: Option<f64>| count.unwrap_or(0.0);
        // Whether candidates include the thoughts differs from answer to answer; the total tells.
        let said = of(self.candidates).max(of(self.thoughts));
        let output = (of(self.total) - of(self.prompt)).max(said);
        let text = (output - of(self.image)).max(0.0);
        Some(TokenUsage { prompt: of(self.prompt), image: self.image, text })
    }
}

/// The cost in USD of an answer with `pictures` pictures: by its tokens where it reports them, else
/// by the table. `None` for a model that is not in the catalogue.
#[must_use]
pub fn answer(
    model: Option<&Model<'_>>,
    size: Option<Size>,
    usage: Option<&TokenUsage>,
    pictures: u32,
) -> Option<f64> {
    let model = model?;
    let listed = model.price(size)?.usd * f64::from(pictures);
    let Some(usage) = usage else { return Some(listed) };
    let row = model.price(size).map_or(0.0, |row| f64::from(row.tokens));
    // `candidatesTokenCount` exceeds the sum of its details in live answers, so a picture is priced
    // by its own row, and by the table where that row is missing, or where only the table has a
    // price. A row of 0 beside a picture is one that was not filled in.
    let tokens = usage.image.filter(|tokens| *tokens > 0.0 || pictures == 0);
    let of_pictures = if tokens.is_none() { row * f64::from(pictures) } else { 0.0 };
    let tokens = tokens.filter(|_| model.image_usd > 0.0);
    let picture = tokens.map_or(listed, |tokens| tokens * model.image_usd / 1e6);
    let text = (usage.text - of_pictures).max(0.0);
    Some(picture + (usage.prompt * model.input_usd + text * model.text_usd) / 1e6)
}

/// USD of so many searches of the web that a model makes for a picture: $14 a thousand, once the
/// 5,000 of a month are used that are free, of which a client cannot know.
///
/// Source: genai-prices 0.2.3, LiteLLM 1.110.2 (`search_context_cost_per_query`).
#[must_use]
pub fn searches(count: u32) -> f64 {
    f64::from(count) * 0.014
}

/// The possible cost in USD of a request whose answer was lost: one picture, by the table.
#[must_use]
pub fn lost(model: Option<&Model<'_>>, size: Option<Size>) -> f64 {
    model.and_then(|model| model.price(size)).map_or(0.0, |row| row.usd)
}

/// The USD to reserve for a request: a picture by the table, its input, and the thoughts and the
/// text that models of this kind add to a picture. It is settled by what the answer says.
#[must_use]
pub fn expected(model: Option<&Model<'_>>, size: Option<Size>, tokens: u64) -> f64 {
    /// Live answers had up to 500 tokens of thought (2026-09), and a little text.
    const BESIDE: f64 = 600.0;
    let Some(model) = model else { return 0.0 };
    // By thousands, so that calls with prompts of about one length are alike.
    let input = tokens.div_ceil(1_000).saturating_mul(1_000) as f64;
    let beside = (input * model.input_usd + BESIDE * model.text_usd) / 1e6;
    lost(Some(model), size) + beside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::catalog::find;

    #[test]
    fn the_table_prices_what_reports_no_tokens() {
        let pro = find("gemini-3-pro-image");
        assert_eq!(answer(pro, None, None, 1), Some(0.134));
        assert_eq!(answer(pro, Some(Size::K4), None, 2), Some(0.48));
        assert_eq!(answer(None, None, None, 1), None);
        assert_eq!(lost(pro, Some(Size::K4)), 0.24);
    }

    #[test]
    fn tokens_price_what_reports_them() {
        let usage = TokenUsage { prompt: 1_000.0, image: Some(1_120.0), text: 100.0 };
        let usd = answer(find("gemini-3-pro-image"), None, Some(&usage), 1).unwrap();
        assert!((usd - (0.1344 + 0.002 + 0.0012)).abs() < 1e-9, "{usd}");
    }

    #[test]
    fn a_picture_without_a_row_of_its_own_is_paid_once() {
        let usage = TokenUsage { prompt: 10.0, image: None, text: 1_120.0 };
        let usd = answer(find("gemini-3-pro-image"), None, Some(&usage), 1).unwrap();
        assert!((usd - (0.134 + 10.0 * 2.0 / 1e6)).abs() < 1e-9, "{usd}");
    }

    #[test]
    fn counts_are_believed_within_reason() {
        let pro = find("gemini-3-pro-image");
        let told = Counts { prompt: Some(10.0), total: Some(1_130.0), ..Counts::default() };
        let told = Counts { image: Some(1_120.0), ..told };
        assert_eq!(
            told.usage(),
            Some(TokenUsage { prompt: 10.0, image: Some(1_120.0), text: 0.0 })
        );
        for wrong in [-1.0, -1e300, 1.1e8, 1e15, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for counts in [
                Counts { prompt: Some(wrong), ..told },
                Counts { candidates: Some(wrong), ..told },
                Counts { thoughts: Some(wrong), ..told },
                Counts { total: Some(wrong), ..told },
                Counts { image: Some(wrong), ..told },
            ] {
                let usage = counts.usage();
                assert_eq!(usage, None, "{counts:?}");
                assert_eq!(answer(pro, None, usage.as_ref(), 1), Some(0.134), "{counts:?}");
            }
        }
        let most = Counts { prompt: Some(1e8), total: Some(2e8), ..Counts::default() };
        assert_eq!(most.usage(), None, "the total too");
        let most = Counts { total: Some(1e8), ..most };
        assert!(answer(pro, None, most.usage().as_ref(), 1).is_some_and(f64::is_finite));
    }

    #[test]
    fn a_picture_never_costs_nothing() {
        let usage = TokenUsage { prompt: 0.0, image: Some(0.0), text: 0.0 };
        assert_eq!(answer(find("gemini-3-pro-image"), None, Some(&usage), 1), Some(0.134));
        assert_eq!(answer(find("gemini-3-pro-image"), None, Some(&usage), 0), Some(0.0));
    }

    #[test]
    fn a_model_without_a_price_by_token_costs_what_its_size_does() {
        let pro = *find("gemini-3-pro-image").unwrap();
        let own = Model { image_usd: 0.0, input_usd: 0.0, text_usd: 0.0, ..pro };
        let usage = TokenUsage { prompt: 1_000.0, image: Some(1_120.0), text: 100.0 };
        assert_eq!(answer(Some(&own), None, Some(&usage), 1), Some(0.134));
    }

    #[test]
    fn an_answer_without_a_picture_costs_its_text_alone() {
        let usage = TokenUsage { prompt: 8.0, image: None, text: 96.0 };
        let usd = answer(find("gemini-3.1-flash-lite-image"), None, Some(&usage), 0).unwrap();
        assert!((usd - (8.0 * 0.25 + 96.0 * 1.5) / 1e6).abs() < 1e-12, "{usd}");
    }
}
