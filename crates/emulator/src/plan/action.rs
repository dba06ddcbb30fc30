//! The kinds of answers to a request.

use crate::model::generated::Generated;
use crate::wire::body::Body;
use crate::wire::reply::Reply;

/// An answer that is decided and not yet sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Reply(Reply),
    /// A reply whose body is not a text.
    Send(Reply, Body),
    Answer(Generated),
    /// How much of the body comes, from 0 to 1.
    Cut(f64),
    Reset,
    Hang,
}

impl Action {
    /// Lets an answer break off after that fraction of it.
    pub(crate) fn cut(self, fraction: f64) -> Self {
        match self {
            Self::Reply(reply) => {
                let body = Body::from(reply.body.clone());
                Self::Send(reply, body.broken(fraction))
            }
            Self::Send(reply, body) => Self::Send(reply, body.broken(fraction)),
            other => other,
        }
    }
}
