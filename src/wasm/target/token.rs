//! Bearer tokens from the caller's callback: asked for when one is needed, kept, and asked for anew
//! before they end.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Date, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::base::time::WallTime;
use crate::options::headers::is_header;
use crate::protocol::token::fresh_until;
use crate::wasm::errors::type_error::type_error;
use crate::wasm::host;
use crate::wasm::values::access::get;

/// Callbacks that are remembered at most: one that is made anew for each call is never seen again.
const SOURCES_MAX: usize = 32;

/// One callback, and the token that it gave last.
#[derive(Debug)]
pub(crate) struct TokenSource {
    callback: Function,
    token: RefCell<Option<Token>>,
    /// The promise of a token that is being made: calls at the same time wait for the same one.
    asked: RefCell<Option<Promise>>,
}

#[derive(Clone, Debug)]
struct Token {
    text: String,
    until: WallTime,
}

/// The callbacks of a client.
#[derive(Debug, Default)]
pub(crate) struct TokenSources {
    known: RefCell<Vec<Rc<TokenSource>>>,
}

impl TokenSources {
    /// The source of this callback: targets that share it share its token.
    pub(crate) fn of(&self, callback: &Function) -> Rc<TokenSource> {
        let mut known = self.known.borrow_mut();
        if let Some(source) = known.iter().find(|source| source.callback == *callback) {
            return Rc::clone(source);
        }
        let source = Rc::new(TokenSource {
            callback: callback.clone(),
            token: RefCell::default(),
            asked: RefCell::default(),
        });
        if known.len() >= SOURCES_MAX {
            known.clear();
        }
        known.push(Rc::clone(&source));
        source
    }
}

impl TokenSource {
    /// A token that has not ended, and is not `refused`, which the service did not take.
    ///
    /// # Errors
    /// The error that the callback throws, or a `TypeError` where it gives no token.
    pub(crate) async fn token(&self, refused: Option<&str>) -> Result<String, JsValue> {
        let kept = self.token.borrow().clone();
        if let Some(Token { text, until }) = kept
            && until > host::now().wall
            && refused != Some(text.as_str())
        {
            return Ok(text);
        }
        let asked = self.asked.borrow().clone();
        let asked = match asked {
            Some(asked) => asked,
            None => {
                let answer = self.callback.call0(&JsValue::UNDEFINED)?;
                let promise = Promise::resolve(&answer);
                self.asked.replace(Some(promise.clone()));
                promise
            }
        };
        let answer = JsFuture::from(asked.clone()).await;
        // The first call to come back clears it, so that the next one asks anew.
        if self
            .asked
            .borrow()
            .as_ref()
            .is_some_and(|now| JsValue::from(now) == JsValue::from(&asked))
        {
            self.asked.replace(None);
        }
        let token = read_token(&answer?)?;
        let text = token.text.clone();
        self.token.replace(Some(token));
        Ok(text)
    }
}

/// A text, or `{ token, expiresAt }` with a `Date` or ms since 1970.
fn read_token(answer: &JsValue) -> Result<Token, JsValue> {
    let text = answer.as_string().or_else(|| get(answer, "token").as_string());
    let Some(text) = text.filter(|text| !text.is_empty() && is_header(text)) else {
        return Err(type_error("`accessToken` must give a token, or { token, expiresAt }"));
    };
    let expires = get(answer, "expiresAt");
    let expires = match expires.dyn_ref::<Date>() {
        Some(date) => Some(date.get_time()),
        None => expires.as_f64(),
    };
    let now = host::now().wall;
    // The cast saturates: a moment before 1970 is one that is over.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let expires = expires.map(|ms| WallTime(ms as u64));
    Ok(Token { text, until: fresh_until(now, expires) })
}
