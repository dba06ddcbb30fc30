//! The inputs and outputs of the service.

use crate::parse::request::Request;
use crate::wire::body::Body;

/// An event that the service is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// A request is sent.
    Request(Request),
    /// The caller of an open request goes away. Work that has begun goes on and is billed.
    Disconnect {
        /// The request's id.
        id: u64,
    },
    /// Time passes.
    Tick,
}

/// The end of a request. One that hangs has no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A whole answer.
    Reply {
        /// The request's id.
        id: u64,
        /// HTTP status.
        status: u16,
        /// Names in lower case.
        headers: Vec<(String, String)>,
        /// The body.
        body: Body,
    },
    /// The connection is reset before a byte of the answer.
    Reset {
        /// The request's id.
        id: u64,
    },
    /// An answer that stops in the middle of its body.
    Cut {
        /// The request's id.
        id: u64,
        /// HTTP status.
        status: u16,
        /// Names in lower case.
        headers: Vec<(String, String)>,
        /// Bytes that were promised.
        content_length: u64,
        /// The bytes that come.
        body_prefix: Vec<u8>,
    },
}

impl Output {
    /// The request that it ends.
    #[must_use]
    pub fn id(&self) -> u64 {
        match self {
            Self::Reply { id, .. } | Self::Reset { id } | Self::Cut { id, .. } => *id,
        }
    }
}
