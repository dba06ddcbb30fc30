//! Time and chance: the calendar, the scale of time, delays as bodies write them, random draws.
//! Nothing here knows the service.

pub(crate) mod calendar;
pub(crate) mod delay;
pub(crate) mod random;
pub(crate) mod time_scale;
