//! The options that callers pass: told by JavaScript as one text, checked and read here.

pub mod events;
pub mod fits;
pub mod given;
pub mod headers;
pub mod limits;
pub mod read;
pub mod settings;
pub mod source;
pub mod value;

#[cfg(test)]
mod tests;
