//! Outcome in, [`info::ErrorInfo`] out.
//!
//! `walk`, `scan` and `reader` gather `evidence` from an error in any form, `printed` leaves out
//! what it shows of its client; the table in `rules` decides the kind, `network` knows the words of
//! lost connections, `violations` the limits, `hint` the wait, `advice` the sentences; `local` has
//! the errors that no service says. The consequences of each kind:
//!
//! A wait longer than `max_wait_per_target` (5 s) is not sat through while there is a next target:
//! the call goes there, and comes back when this one is due and the others are not. A circuit breaker
//! opens at the second failure within a minute, at the fifth where the target has just admitted
//! requests.
//!
//! | kind | wait: `retry::backoff` | then: `retry::fallback` | circuit breaker: `engine::circuit_breaker` |
//! |---|---|---|---|
//! | `rate_limited` | 2 s, doubled to 29 s, or as named | again, or the next target where the wait is long | opens at a bare 429 alone, which may be load |
//! | `overloaded` (503) | 20 s, doubled to 115 s, or as named | the next target, where there is one; else again | opens: one probe at a time, for all calls |
//! | `server_error`, `network` | up to 1 s, doubled to 30 s | twice, then the next target | opens |
//! | `timeout` | up to 1 s, doubled to 30 s | the next target, where there is one; the attempt stays in flight | stays closed |
//! | `no_image` | up to 1 s, doubled to 30 s | once more, then the next target | stays closed |
//! | `spend_limited` | until its ten minutes are free | another account | stays closed: the account's money says it |
//! | `daily_quota` | until midnight Pacific | the next target | opens where the day is doubted |
//! | `not_in_tier`, `model_not_found` | none | the next target | stays closed |
//! | `billing`, `unauthenticated`, `forbidden` | none | another account | stays closed |
//! | all others | none | ends the call | stays closed |

pub(crate) mod advice;
pub(crate) mod answer;
pub mod billed;
pub mod classify;
pub mod copied;
pub(crate) mod evidence;
pub(crate) mod field;
pub mod hint;
pub mod info;
pub mod kind;
pub(crate) mod limit_name;
pub mod local;
pub(crate) mod network;
pub(crate) mod normalize;
pub(crate) mod printed;
pub mod reader;
pub mod redact;
pub(crate) mod rules;
pub(crate) mod scan;
pub(crate) mod status;
pub mod violation;
pub(crate) mod violations;
pub(crate) mod walk;
