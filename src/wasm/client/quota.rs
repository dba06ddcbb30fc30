//! `quota`: the use of the limits.

use wasm_bindgen::prelude::*;

use crate::wasm::client::core::Core;
use crate::wasm::host;
use crate::wasm::request::checked::Request;

#[wasm_bindgen]
impl Core {
    /// The use of the quotas, after the store was asked where they are shared.
    ///
    /// # Errors
    /// A `TypeError` that names a wrong limit.
    pub fn quota(&self, caller: JsValue) -> Result<(), JsValue> {
        let (settings, host) = (&self.settings, &self.driver.host);
        // A client without a key has sent nothing, and its report is empty.
        let chain = self.targets.chain(None, &Request::default(), None, settings, host);
        for target in chain.iter().flat_map(|chain| chain.iter()) {
            self.driver.quota_of(settings, &target.base, target.key.as_deref(), target.called())?;
        }
        self.driver.quota_waiters.borrow_mut().push(caller);
        self.driver.engine.borrow_mut().look(host::now());
        self.driver.drain();
        Ok(())
    }
}
