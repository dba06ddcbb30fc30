//! Names of ours as strings of JavaScript, each made once.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

const NAMES: usize = 512;

thread_local! {
    static CACHE: RefCell<Vec<Option<(&'static str, JsValue)>>> =
        RefCell::new(vec![None; NAMES]);
}

/// The JavaScript string of a name of ours. Making one costs ten times what finding it here does,
/// and a call needs a hundred.
pub(crate) fn name(key: &'static str) -> JsValue {
    // Names lie side by side; a multiplication by the golden ratio spreads them over the slots.
    let address = (key.as_ptr() as u32).wrapping_mul(0x9e37_79b1);
    let index = (address >> 23) as usize % NAMES;
    CACHE.with_borrow_mut(|cache| {
        let Some(slot) = cache.get_mut(index) else { return key.into() };
        match slot {
            Some((known, value)) if core::ptr::eq(*known, key) => value.clone(),
            _ => {
                let value = JsValue::from(key);
                *slot = Some((key, value.clone()));
                value
            }
        }
    })
}
