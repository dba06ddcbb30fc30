//! Texts of others, within bounds.

use js_sys::JsString;

/// The longest text that is kept whole, in UTF-16 units. A longer one keeps its head and its tail,
/// since an error is named at either.
pub(super) const TEXT_MAX: u32 = 256 * 1024;

const TEXT_HEAD: u32 = 192 * 1024;

/// The text, or its head and its tail where it is long.
pub(crate) fn bounded(text: &JsString) -> String {
    let length = text.length();
    if length <= TEXT_MAX {
        return String::from(text);
    }
    let tail = length.saturating_sub(TEXT_MAX.saturating_sub(TEXT_HEAD));
    let head = String::from(text.slice(0, TEXT_HEAD));
    [head.as_str(), "\n", &String::from(text.slice(tail, length))].concat()
}
