//! The names of events that callers listen to.

use crate::base::text::join;
use crate::options::given::{Given, Properties};
use crate::request::options;

/// The listeners are the JavaScript side's; their names are checked here.
///
/// # Errors
/// A sentence that names the events, or a listener that is no function.
pub fn check_events(listeners: Properties<'_>) -> Result<(), String> {
    for (name, listener) in listeners {
        if !options::EVENTS.contains(&name) {
            let known = join(options::EVENTS.iter().copied(), ", ");
            return Err(["unknown event `", name, "`; the events are ", &known].concat());
        }
        if !matches!(listener, Given::Undefined | Given::Thrown(_) | Given::Function(_)) {
            return Err(["the listener of `", name, "` must be a function"].concat());
        }
    }
    Ok(())
}
