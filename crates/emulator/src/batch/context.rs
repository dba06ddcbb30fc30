//! The request that a call of files or jobs came in, and the moment.

use crate::base::random::{Purpose, Random};
use crate::parse::parsed::Parsed;
use crate::records::ledger::Ledger;
use crate::settings::config::Config;

/// The surroundings of one call.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config,
    pub(crate) ledger: &'a mut Ledger,
    /// Milliseconds of the service's time.
    pub(crate) now: u64,
    /// The sequence number of the request.
    pub(crate) sequence: u64,
    pub(crate) parsed: &'a Parsed,
}

impl<'a> Context<'a> {
    /// The project that the caller's key belongs to.
    pub(crate) fn project(&self) -> &'a str {
        &self.parsed.project
    }

    /// Some letters and digits, which no other request gets.
    pub(crate) fn new_id(&self, length: usize) -> String {
        const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut random = Random::keyed(self.config.seed, self.sequence, Purpose::Identity);
        let letter = |_| {
            let drawn = random.between(0, 35) as usize;
            char::from(LETTERS.get(drawn).copied().unwrap_or(b'a'))
        };
        (0..length).map(letter).collect()
    }
}
