//! The state machine: calls and outcomes go in, requests and endings come out.

pub(crate) mod blocker;
pub(crate) mod call;
pub(crate) mod completion;
pub(crate) mod dispatch;
pub mod exchange;
pub mod history;
pub mod input;
pub mod lane;
pub(crate) mod notices;
pub(crate) mod outage;
pub mod output;
pub(crate) mod pacer;
pub(crate) mod parked;
pub mod peak;
pub(crate) mod queue;
pub mod state_machine;
pub(crate) mod turns;
