//! The steps to take, in order, and the guide's checklist.

use serde::Serialize;

use crate::band::Band;
use crate::plan_options::Question;
use crate::price_table::CostRow;
use crate::tier_time::TierTime;
use unexhausted::models::catalog::Quality;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its name.
    pub step: &'static str,
    /// Whether it is needed, or worth a look.
    pub needed: bool,
    /// Why.
    pub why: String,
    /// How.
    pub how: &'static str,
}

/// One question of the guide's checklist, answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The question.
    pub question: &'static str,
    /// The answer; absent where nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yes: Option<bool>,
    /// The consequence.
    pub then: &'static str,
}

/// The facts by which the steps are chosen.
pub(crate) struct Situation<'a> {
    pub(crate) question: &'a Question,
    pub(crate) band: Band,
    pub(crate) per_month: u64,
    /// The model that is asked first.
    pub(crate) first: Option<&'a str>,
    /// How many models can be asked.
    pub(crate) models: usize,
    /// The pattern of the errors.
    pub(crate) pattern: Option<&'static str>,
    pub(crate) times: &'a [TierTime],
    pub(crate) costs: &'a [CostRow],
}

impl Situation<'_> {
    fn is(&self, patterns: &[&str]) -> bool {
        self.pattern.is_some_and(|pattern| patterns.contains(&pattern))
    }

    /// The times of the model that is asked first, the lowest tier first.
    fn of_first(&self) -> impl Iterator<Item = &TierTime> {
        self.times.iter().filter(|row| Some(row.model.as_str()) == self.first)
    }

    fn keeps_up(&self) -> bool {
        self.of_first().any(|row| row.own && row.keeps_up)
    }

    /// The lowest tier that keeps up, where the own one does not.
    fn enough(&self) -> Option<&TierTime> {
        if self.keeps_up() {
            return None;
        }
        // A lower tier than the own one cannot be chosen.
        self.of_first().skip_while(|row| !row.own).find(|row| row.keeps_up)
    }

    fn cost(&self) -> Option<&CostRow> {
        self.costs.iter().find(|row| row.route == "google" && row.model.as_deref() == self.first)
    }

    fn cheapest_route(&self) -> Option<&CostRow> {
        let routes = self.costs.iter().filter(|row| row.route == "custom");
        routes.min_by(|a, b| a.standard.per_image.total_cmp(&b.standard.per_image))
    }
}

/// The steps: first those that are needed, in the order in which they help, then those that are
/// worth a look.
pub(crate) fn steps(situation: &Situation<'_>) -> Vec<Step> {
    let question = situation.question;
    let mut steps = Vec::new();
    let mut add = |step, why: &str, how| {
        steps.push(Step { step, needed: true, why: why.to_owned(), how });
    };
    if question.tier.is_none() || situation.is(&["free_tier", "billing"]) {
        add(
            "billing",
            "No image model has a free tier, and waiting does not help.",
            "Link a billing account at aistudio.google.com, which makes the project Tier 1.",
        );
    }
    add(
        "retry",
        "Bursts and overloads pass by themselves; what cannot pass is not retried.",
        "generateWithRetry(prompt), or client.generate(prompt) with a `deadline`",
    );
    let fails = situation.is(&["outage", "overload", "peak_overload", "mixed", "day_exhausted"]);
    if question.interactive || situation.band > Band::Low || fails {
        let why = if question.interactive {
            "Somebody waits: an overload of the first model takes 30 to 120 minutes."
        } else {
            "An overload of the first model takes 30 to 120 minutes, and its day's quota ends."
        };
        let how = if situation.models > 1 {
            CHAIN
        } else {
            "No other model does this: add a target of a third party (`proxy`), or ask for another size."
        };
        add("fallback", why, how);
    }
    for_volume(situation, &mut steps);
    for_failures(situation, &mut steps);
    worth_a_look(situation, &mut steps);
    steps
}

/// The steps that so many pictures need.
fn for_volume(situation: &Situation<'_>, steps: &mut Vec<Step>) {
    let mut add = |step, why: &str, how| {
        steps.push(Step { step, needed: true, why: why.to_owned(), how });
    };
    if situation.band > Band::Low {
        add(
            "alerts",
            "A limit that is nearly used up is better known before it refuses.",
            "createClient({ alertAt: 0.7, budget, on: { quotaAlert, budgetAlert, modelRetired } })",
        );
    }
    if situation.band == Band::High || situation.is(&["burst", "spend", "mixed"]) {
        add(
            "queue",
            "So many requests come faster than the limits allow.",
            "createClient({ limits, spendPer10Min }), and a `store` for several processes; \
             priority: 'background' for what can wait",
        );
    }
    if let Some(row) = situation.enough() {
        let why = ["The present tier does not keep up; ", row.tier, " does: ", row.qualifies, "."];
        let how = "Accounts are moved up by themselves once they qualify; pay in advance to \
            qualify sooner.";
        add("higher_tier", &why.concat(), how);
    } else if !situation.keeps_up()
        && situation.question.tier.is_some()
        && situation.first.is_some()
    {
        add(
            "provisioned_throughput",
            "No tier keeps up with so many pictures of this model.",
            "Provisioned Throughput on Vertex reserves capacity; ask Google's sales.",
        );
    }
}

/// The steps that help against what has failed.
fn for_failures(situation: &Situation<'_>, steps: &mut Vec<Step>) {
    let mut add = |step, why: &str, how| {
        steps.push(Step { step, needed: true, why: why.to_owned(), how });
    };
    if situation.is(&["peak_overload", "mixed"]) && !situation.question.interactive {
        add(
            "off_peak",
            "The overload is one of the known hours, and this work can wait.",
            "priority: 'background' with `avoidPeak: true`, which waits until 00:00-02:00, 09:00-11:00 \
             and 20:00-23:00 UTC are over.",
        );
    }
    if situation.is(&["retired"]) {
        add("successor", "A model is not there any more.", "models() names its successor.");
    }
    if situation.is(&["connection"]) {
        add(
            "timeout",
            "Attempts run out of time or lose their connection.",
            "A longer `timeout`, a smaller size, or `degrade`, which asks for one where time runs out.",
        );
    }
}

/// The chain as a step.
const CHAIN: &str = "createClient({ models: plan.chain })";

fn worth_a_look(situation: &Situation<'_>, steps: &mut Vec<Step>) {
    let question = situation.question;
    let has = |steps: &[Step], name: &str| steps.iter().any(|step| step.step == name);
    let (has_chain, has_reserve) = (has(steps, "fallback"), has(steps, "provisioned_throughput"));
    let mut add = |step, why: String, how| steps.push(Step { step, needed: false, why, how });
    if !has_chain && situation.models > 1 {
        let why = "The other models of `chain` make a picture where the first makes none.";
        add("fallback", why.to_owned(), CHAIN);
    }
    let cost = situation.cost();
    if !question.interactive && cost.is_some_and(|row| row.batch.is_some()) {
        add(
            "batch",
            "Nobody waits: the Batch API costs half and has a quota of its own; it answers within \
             24 hours."
                .to_owned(),
            "client.jobs, which waits where 100 jobs are under way.",
        );
    }
    if question.quality > Quality::Any && situation.band > Band::Low {
        add(
            "cheaper_model",
            "The table of costs says what a lower `quality` saves.".to_owned(),
            "plan({ quality: 'good' }), or a smaller `size`",
        );
    }
    let route = situation.cheapest_route();
    let is_cheaper = |row: &CostRow| {
        cost.is_some_and(|google| row.standard.per_image < google.standard.per_image)
    };
    if situation.band == Band::High || route.is_some_and(is_cheaper) {
        let why = match route {
            Some(row) if is_cheaper(row) => [&row.name, " sells pictures for less."].concat(),
            _ => "A third party's limits are its own, for what overflows.".to_owned(),
        };
        let how =
            "A target of the chain with its own `baseUrl`, `protocol` and `price`, after Google's.";
        add("proxy", why, how);
    }
    if situation.band == Band::High && !has_reserve {
        add(
            "provisioned_throughput",
            "Limits are upper bounds, and no quota helps in an overload.".to_owned(),
            "Provisioned Throughput on Vertex reserves capacity; ask Google's sales.",
        );
    }
}

/// The checklist. Source: step 3 of the guide of February 2026.
pub(crate) fn checklist(situation: &Situation<'_>) -> Vec<Answer> {
    let question = situation.question;
    let answer = |question, yes, if_yes, if_no| Answer {
        question,
        yes,
        then: if yes == Some(true) { if_yes } else { if_no },
    };
    vec![
        answer(
            "Is the project on the free tier?",
            Some(question.tier.is_none()),
            "Enable billing at once.",
            "Check the limits of the present tier.",
        ),
        answer(
            "Does it need the quality of Nano Banana Pro?",
            Some(question.quality == Quality::Best),
            "Make the most of the tier, and retry.",
            "Switch to a cheaper model.",
        ),
        answer(
            "Are there more than 1,000 pictures a month?",
            Some(situation.per_month > 1_000),
            "Build all of it: retries, chain and queue.",
            "Retries are enough.",
        ),
        answer(
            "Do errors come at peak hours only?",
            situation.pattern.map(|pattern| pattern == "peak_overload"),
            "Do what can wait off peak, and give a fallback model.",
            "Look at the use of the quotas.",
        ),
        answer(
            "Does somebody wait for the pictures?",
            Some(question.interactive),
            "A fallback chain is a must.",
            "Retries alone will do.",
        ),
    ]
}
