//! A seeded, sans-IO fake of the Gemini image API: its limits, its storms, its error bodies, and
//! real pictures.
//!
//! One service, three uses: simulated time in native tests, an HTTP server in Node, an injected
//! `fetch` in a page. It opens no socket and reads no clock; requests and the time go in, answers
//! come out, and the same seed gives the same trace.
//!
//! ```
//! use unexhausted_emulator::{Config, Input, Output, Request, Service};
//!
//! let config = Config::from_json(r#"{ "limits": { "*": { "rpm": 1 } }, "latency": 5000 }"#)?;
//! let mut service = Service::new(config)?;
//! let mut now = 1_790_000_000_000;
//! for id in 1..=2 {
//!     let request = Request::generate(id, "gemini-3-pro-image", "a paper boat");
//!     service.handle(now, Input::Request(request));
//! }
//! let mut statuses = Vec::new();
//! while let Some(wakeup) = service.next_wakeup() {
//!     now = wakeup;
//!     service.handle(now, Input::Tick);
//!     while let Some(output) = service.poll() {
//!         if let Output::Reply { status, .. } = output {
//!             statuses.push(status);
//!         }
//!     }
//! }
//! assert_eq!(statuses, [429, 200]);
//! assert_eq!(service.totals().rejected, 1);
//! # Ok::<(), unexhausted_emulator::ConfigError>(())
//! ```

mod answer;
mod arrival;
mod batch;
mod batch_config;
mod body;
mod clock;
mod config;
mod dress;
mod fault;
mod fields;
mod files;
mod jobs;
mod ledger;
mod link;
mod models;
mod openai;
mod picture;
mod plan;
mod predict;
mod quota;
mod random;
mod request;
mod route;
mod rows;
mod service;
mod vertex;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use answer::Body;
pub use batch_config::{BatchConfig, Course, Fate, FilesConfig, StatePrefix};
pub use clock::next_pacific_midnight;
pub use config::{Config, ConfigError, DailyHint, Latency, QuotaBody, Transit, UnknownKeys};
pub use dress::PictureAs;
pub use fault::{Delay, Fault, FaultKind};
pub use jobs::{JobRecord, JobState, RowOutcome, RowRecord};
pub use ledger::{Amounts, FileSums, Outcome, Record, Snapshot, Totals, Usage, WindowPeaks};
pub use models::{LONG_RATIOS, MODELS, Model, RATIOS, RETIRED, Size};
pub use picture::{MAX_BYTES, Picture};
pub use quota::{Dimension, Discipline, Limits};
pub use request::Request;
pub use service::{Input, Output, Service};
