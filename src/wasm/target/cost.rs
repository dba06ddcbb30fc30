//! The cost of requests to a target, in USD.

use crate::models::cost;
use crate::models::service_tier::ServiceTier;
use crate::protocol::need::Size;
use crate::wasm::answer::summary::Summary;
use crate::wasm::request::checked::Request;
use crate::wasm::target::resolved::Target;

impl Target {
    /// USD of an answer: by the price of the target, else by the catalogue.
    pub(crate) fn cost(
        &self,
        size: Option<Size>,
        summary: &Summary,
        asked: ServiceTier,
        served_by: Option<&str>,
    ) -> Option<f64> {
        let (usage, pictures) = (summary.usage.as_ref(), summary.pictures);
        match &self.price {
            Some(price) => Some(price.of(size) * f64::from(pictures)),
            None => {
                let served = served_by.and_then(|id| self.catalog.find(id));
                let known = served.or_else(|| self.known());
                let usd = cost::answer(known.as_ref(), size, usage, pictures)?;
                let tier = summary.tier.unwrap_or(asked);
                Some(usd * tier.share() + cost::searches(summary.searches))
            }
        }
    }

    /// USD to reserve for a request, at the size that this target is asked for.
    pub(crate) fn expected(&self, size: Option<Size>, request: &Request) -> f64 {
        match &self.price {
            Some(price) => price.of(size),
            None => {
                let usd = cost::expected(self.known().as_ref(), size, request.tokens());
                // The number of searches is known only once the answer is there.
                usd * self.tier(request).share() + cost::searches(request.searches.into())
            }
        }
    }

    /// USD of an answer that was made and did not arrive.
    pub(crate) fn lost(&self, size: Option<Size>, tier: ServiceTier) -> f64 {
        match &self.price {
            Some(price) => price.of(size),
            None => cost::lost(self.known().as_ref(), size) * tier.share(),
        }
    }

    /// The model that made an answer, where that is another one of the catalogue.
    pub(crate) fn served_by(&self, version: &str) -> Option<String> {
        let served = self.catalog.find(version)?;
        let is_other = self.known().is_some_and(|known| known.id != served.id);
        is_other.then(|| served.id.to_owned())
    }
}
