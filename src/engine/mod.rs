//! The state machine: calls and outcomes go in, requests and endings come out.

pub(crate) mod attempts;
pub(crate) mod blocker;
pub(crate) mod call;
pub(crate) mod circuit_breaker;
pub(crate) mod completion;
pub(crate) mod dispatch;
pub(crate) mod exchange;
pub mod history;
pub mod ids;
pub mod input;
pub mod lane;
pub(crate) mod notices;
pub mod output;
pub(crate) mod pacer;
pub(crate) mod parked;
pub(crate) mod parking;
pub mod peak;
pub(crate) mod placing;
pub(crate) mod queue;
pub mod replicas;
pub(crate) mod reservation;
pub(crate) mod sharing;
pub mod state_machine;
pub mod target;
pub(crate) mod turns;
