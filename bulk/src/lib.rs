//! Batches and jobs for JavaScript: JSON in, JSON out. What they do is decided in the core.
//!
//! It is a module of its own, so that nobody who makes single pictures has to load it.

#[cfg(target_arch = "wasm32")]
pub mod wasm;

/// The version of journals that this writes.
#[must_use]
pub fn journal_version() -> u32 {
    1
}
