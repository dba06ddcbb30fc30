//! The error of a configuration.

use std::fmt;

/// A configuration, script or patch that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "emulator: {}", self.0)
    }
}

impl std::error::Error for ConfigError {}
