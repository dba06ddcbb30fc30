//! The abilities of a target: tiers of service, sizes, and all that a request needs.

use std::rc::Rc;

use crate::models::service_tier::{ServiceTier, Tiers};
use crate::protocol::Saying;
use crate::protocol::need::{Need, Size};
use crate::wasm::request::checked::Request;
use crate::wasm::target::resolved::Target;

impl Target {
    /// Whether it has this tier of service; a model that is not in the catalogue may have it.
    pub(crate) fn has(&self, tier: ServiceTier) -> bool {
        let is_far = tier == ServiceTier::Flex && !self.is_global;
        let tiers = self.known().map_or(Tiers::ALL, |known| known.tiers);
        !is_far && tiers.has(tier, self.protocol)
    }

    /// The error text for a tier that it does not have.
    pub(crate) fn without(&self, tier: ServiceTier) -> String {
        ["`", &self.model, "` has no `serviceTier: '", tier.as_str(), "'` there"].concat()
    }

    /// The tier of service that it is asked for: the request's, where it has that one.
    pub(crate) fn tier(&self, request: &Request) -> ServiceTier {
        request.tier.filter(|tier| self.has(*tier)).unwrap_or_default()
    }

    /// The same target for the smaller sizes that the caller allows, in the caller's order.
    pub(crate) fn smaller<'a>(
        self: &'a Rc<Self>,
        request: &Request,
        sizes: &'a [Size],
    ) -> impl Iterator<Item = Rc<Self>> {
        let (asked, references) = (request.need.size, request.need.references);
        let ratio = request.need.ratio.clone();
        let is_smaller = move |size: &&Size| {
            let need = Need { size: Some(**size), ratio: ratio.clone(), references };
            let fits = self.known().is_none_or(|known| known.lacks(&need).is_none());
            fits && asked.is_some_and(|asked| **size < asked)
        };
        sizes
            .iter()
            .filter(is_smaller)
            .map(|size| Rc::new(Self { smaller: Some(*size), ..(**self).clone() }))
    }

    /// The first thing in a request that the target cannot do, in a word. The catalogue is asked
    /// only where `checks`: the drop-in sends each request as it is.
    pub(crate) fn lacks(&self, request: &Request, checks: bool) -> Option<&'static str> {
        let saying = if self.protocol.is_gemini() { Saying::default() } else { request.saying() };
        self.protocol
            .lacks(&saying, &request.need)
            .or_else(|| request.lacks(self.protocol))
            .or_else(|| self.known().filter(|_| checks)?.lacks(&request.need))
    }
}
