//! Jobs of the Batch API: what they say, how requests are shared out among them, and when to look.
//!
//! Nothing here sends anything. Moments and random numbers come in as arguments.

pub mod advice;
pub mod creation;
pub mod job;
pub mod pace;
pub mod price;
pub mod split;
pub mod state;
