//! The same service for JavaScript: JSON and bytes in, JSON and bytes out.

use serde::Deserialize;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::exchange::{Input, Output};
use crate::parse::request::Request;
use crate::service::Service;
use crate::settings::config::Config;
use crate::settings::error::ConfigError;
use crate::settings::fault::Fault;

/// A request without its body.
#[derive(Deserialize)]
struct Head {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

/// Milliseconds since 1970 as JavaScript has them.
fn time(now: f64) -> u64 {
    now.max(0.0) as u64
}

/// The service.
#[wasm_bindgen(js_name = EmulatorCore)]
pub struct Core {
    service: Service,
}

#[wasm_bindgen(js_class = EmulatorCore)]
impl Core {
    /// Makes a service from a configuration in JSON.
    ///
    /// # Errors
    /// An unknown key or a wrong value, in words.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str) -> Result<Core, JsError> {
        Ok(Self { service: Service::new(Config::from_json(config)?)? })
    }

    /// Sends a request; `head` is `{method, path, headers: [[name, value]]}`.
    ///
    /// # Errors
    /// A head that is not of that shape.
    pub fn request(&mut self, now: f64, id: u32, head: &str, body: Vec<u8>) -> Result<(), JsError> {
        let Head { method, path, headers } = serde_json::from_str(head)?;
        let request = Request { id: u64::from(id), method, path, headers, body, size: None };
        self.service.handle(time(now), Input::Request(request));
        Ok(())
    }

    /// The caller of a request goes away.
    pub fn disconnect(&mut self, now: f64, id: u32) {
        self.service.handle(time(now), Input::Disconnect { id: u64::from(id) });
    }

    /// Time passes.
    pub fn tick(&mut self, now: f64) {
        self.service.handle(time(now), Input::Tick);
    }

    /// The next thing that the service does.
    pub fn poll(&mut self) -> Option<CoreOutput> {
        self.service.poll().map(|output| CoreOutput { output })
    }

    /// When it wants a tick.
    #[wasm_bindgen(js_name = nextWakeup)]
    pub fn next_wakeup(&self) -> Option<f64> {
        self.service.next_wakeup().map(|at| at as f64)
    }

    /// How many callers wait for an answer.
    #[wasm_bindgen(js_name = openRequests)]
    pub fn open_requests(&self) -> usize {
        self.service.open_requests()
    }

    /// Appends one fault or a list of them, in JSON, to the script.
    ///
    /// # Errors
    /// An unknown fault or a wrong value, in words.
    pub fn script(&mut self, faults: &str) -> Result<(), JsError> {
        let faults = Fault::list_from_json(faults).map_err(ConfigError)?;
        Ok(self.service.script(faults)?)
    }

    /// Changes the configuration by a JSON object.
    ///
    /// # Errors
    /// An unknown key or a wrong value, in words.
    pub fn configure(&mut self, now: f64, patch: &str) -> Result<(), JsError> {
        Ok(self.service.configure(time(now), patch)?)
    }

    /// Forgets everything but the configuration.
    pub fn reset(&mut self) {
        self.service.reset();
    }

    /// The ledger in JSON.
    ///
    /// # Errors
    /// None that is known.
    pub fn ledger(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.service.ledger())?)
    }
}

/// One thing that the service does.
#[wasm_bindgen]
pub struct CoreOutput {
    output: Output,
}

#[wasm_bindgen]
impl CoreOutput {
    /// `reply`, `reset` or `cut`.
    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> String {
        let kind = match self.output {
            Output::Reply { .. } => "reply",
            Output::Reset { .. } => "reset",
            Output::Cut { .. } => "cut",
        };
        kind.into()
    }

    /// The request's id.
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> u32 {
        u32::try_from(self.output.id()).unwrap_or(u32::MAX)
    }

    /// HTTP status, 0 for a reset.
    #[wasm_bindgen(getter)]
    pub fn status(&self) -> u16 {
        match &self.output {
            Output::Reply { status, .. } | Output::Cut { status, .. } => *status,
            Output::Reset { .. } => 0,
        }
    }

    /// `[[name, value]]` in JSON.
    #[wasm_bindgen(getter)]
    pub fn headers(&self) -> String {
        let headers = match &self.output {
            Output::Reply { headers, .. } | Output::Cut { headers, .. } => headers.as_slice(),
            Output::Reset { .. } => &[],
        };
        serde_json::to_string(headers).unwrap_or_default()
    }

    /// The bytes that come; drawn on this call.
    pub fn body(&self) -> Vec<u8> {
        match &self.output {
            Output::Reply { body, .. } => body.to_bytes(),
            Output::Cut { body_prefix, .. } => body_prefix.clone(),
            Output::Reset { .. } => Vec::new(),
        }
    }

    /// Whether the body is to be taken piece by piece, by `piece`.
    #[wasm_bindgen(getter, js_name = isLong)]
    pub fn is_long(&self) -> bool {
        matches!(&self.output, Output::Reply { body, .. } if body.is_long())
    }

    /// The bytes of one piece of the body, counted from 0; nothing behind the last.
    pub fn piece(&self, index: usize) -> Option<Vec<u8>> {
        match &self.output {
            Output::Reply { body, .. } => body.piece(index),
            _ => None,
        }
    }

    /// Whether the connection is lost when the last piece is out.
    #[wasm_bindgen(getter, js_name = breaksOff)]
    pub fn breaks_off(&self) -> bool {
        matches!(&self.output, Output::Reply { body, .. } if body.breaks_off())
    }

    /// The bytes that a cut answer promised.
    #[wasm_bindgen(getter, js_name = contentLength)]
    pub fn content_length(&self) -> f64 {
        match &self.output {
            Output::Cut { content_length, .. } => *content_length as f64,
            _ => 0.0,
        }
    }
}
