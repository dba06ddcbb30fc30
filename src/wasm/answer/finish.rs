//! Fetches the pictures that an answer links to.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use crate::errors::info::ErrorInfo;
use crate::errors::local::broken_link;
use crate::protocol::media;
use crate::wasm::answer::reading::{Reading, head_of, picture_part};
use crate::wasm::host::Host;
use crate::wasm::transport::download::download;
use crate::wasm::transport::http::HttpRequest;
use crate::wasm::values::access::get;

impl Reading {
    /// The answer, once its links are fetched.
    ///
    /// # Errors
    /// The failure of a link, where none of its pictures could be had.
    pub(crate) async fn finish(
        self,
        request: &HttpRequest,
        host: &Host,
    ) -> Result<JsValue, ErrorInfo> {
        let mut failed = None;
        let mut has_pictures = self.has_pictures;
        for link in &self.links {
            match fetch(link, request, host).await {
                Ok((mime, data)) => {
                    self.parts.push(&picture_part(&mime, &data));
                    has_pictures = true;
                }
                Err(info) => failed = Some(info),
            }
        }
        match failed {
            Some(info) if !has_pictures => Err(info),
            _ => Ok(self.body.into()),
        }
    }
}

/// Fetches a picture, a second time where it did not come: it is paid for, and one that was just
/// made may be there a moment later. Its type is read from its bytes, whichever one its
/// server names.
async fn fetch(
    link: &str,
    request: &HttpRequest,
    host: &Host,
) -> Result<(String, JsString), ErrorInfo> {
    if !media::is_link(link) {
        return Err(broken_link(None));
    }
    let mut status = None;
    for _ in 0..2 {
        let got = download(link, request, host).await?;
        if get(&request.signal, "aborted") == JsValue::TRUE {
            break;
        }
        status = get(&got, "status").as_f64().map(|status| status as u16);
        let data = get(&got, "data");
        let Some(data) = data.dyn_ref::<JsString>().filter(|_| status == Some(200)) else {
            continue;
        };
        return match media::picture(&head_of(data), None) {
            Some(mime) => Ok((mime.to_owned(), data.clone())),
            None => Err(broken_link(None)),
        };
    }
    Err(broken_link(status))
}
