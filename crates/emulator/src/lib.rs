//! A seeded, sans-IO fake of the Gemini image API: its limits, its storms, its error bodies, and
//! real pictures.
//!
//! One service, three uses: simulated time in native tests, an HTTP server in Node, an injected
//! `fetch` in a page. It opens no socket and reads no clock; requests and the time go in, answers
//! come out, and the same seed gives the same trace.
//!
//! ```text
//! base/      time and chance: the calendar, the scale of time, delays, random draws
//! model/     the service itself: models and prices, protocols, limits, pictures
//! settings/  the configuration, faults and courses of jobs included
//! records/   the ledger: the truth about every request, for tests to compare with
//! wire/      answers as text, in each protocol, and error bodies
//! parse/     the reading of a request
//! plan/      answers that are decided and not yet sent; the plan of each fault
//! batch/     files, jobs and their rows
//! decide/    the decision about a request that arrives, and the output of its work
//! service.rs the requests that are open, and the moments at which something is due
//! exchange.rs inputs and outputs; wasm.rs: the same service for JavaScript
//! ```
//!
//! A folder uses those above it alone, and no circle of `use` runs between files.
//!
//! A project may make one request a minute: the first is served, the second is rejected at once.
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

#![deny(clippy::too_many_lines)]

mod base;
mod batch;
mod decide;
mod exchange;
mod model;
mod parse;
mod plan;
mod records;
mod service;
mod settings;
#[cfg(target_arch = "wasm32")]
mod wasm;
mod wire;

pub use base::calendar::next_pacific_midnight;
pub use base::delay::Delay;
pub use exchange::{Input, Output};
pub use model::catalogue::{LONG_RATIOS, MODELS, Model, RATIOS, RETIRED, Size};
pub use model::limits::{Dimension, Discipline, Limits};
pub use model::picture::{MAX_BYTES, Picture};
pub use model::protocol::PictureAs;
pub use parse::request::Request;
pub use records::job::{JobRecord, JobState, RowOutcome, RowRecord};
pub use records::peaks::{Amounts, WindowPeaks};
pub use records::record::{Outcome, Record};
pub use records::snapshot::{FileSums, Snapshot, Usage};
pub use records::totals::Totals;
pub use service::Service;
pub use settings::batch::{BatchConfig, Course, Fate, StatePrefix};
pub use settings::choices::{DailyHint, QuotaBody, UnknownKeys};
pub use settings::config::Config;
pub use settings::error::ConfigError;
pub use settings::fault::Fault;
pub use settings::fault_kind::FaultKind;
pub use settings::files::FilesConfig;
pub use settings::latency::Latency;
pub use settings::transit::Transit;
pub use wire::body::Body;
