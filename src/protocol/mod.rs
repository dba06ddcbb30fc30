//! How requests are written for each kind of service; the reading of errors is in `classify`.

pub mod gemini;
