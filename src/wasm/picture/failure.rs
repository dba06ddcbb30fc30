//! Hints of a failed attempt for the rest of the call.

use crate::errors::info::ErrorInfo;
use crate::errors::kind::Kind;
use crate::models::parameter;
use crate::wasm::picture::call::Picture;

impl Picture {
    /// Whether a failure says no more than that the target does not take a parameter, and there are
    /// other targets: one that is known not to take it is asked without.
    pub(crate) fn may_be_taken_elsewhere(&self, index: usize, info: &ErrorInfo) -> bool {
        if info.kind != Kind::InvalidRequest || index.saturating_add(1) >= self.targets.len() {
            return false;
        }
        let keys = self.request(index).keys();
        parameter::is_refused(&info.message, keys.iter().map(String::as_str))
    }

    /// Adds to a failure which model may have been meant, where none is called as the target's.
    pub(crate) fn suggest(&self, index: usize, info: &mut ErrorInfo) {
        let Some(target) = self.targets.get(index).filter(|_| info.kind == Kind::ModelNotFound)
        else {
            return;
        };
        if let Some(meant) = target.meant() {
            info.advice = ["Did you mean `", &meant, "`? ", &info.advice].concat();
        }
    }
}
