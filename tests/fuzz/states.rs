//! States of a store that somebody else wrote, damaged or made up, and processes that go on with
//! them.

use std::rc::Rc;

use unexhausted::base::time::Millis;
use unexhausted::errors::kind::Dimension;
use unexhausted::quota::limits::Limits;
use unexhausted::quota::refusal::Refusal;
use unexhausted::quota::shared::{Delta, Reply, Request, SharedUsage, Times, apply};
use unexhausted::quota::window::Amounts;

use crate::cases::Dice;
use crate::json::NOW;

const ONE: Amounts = Amounts { requests: 1, tokens: 100, images: 1, nanos: 134_000_000 };
const MINUTE: u64 = 60_000;
/// A service may ask for a wait of a year, and a state may say that it did; then comes a day.
const LONGEST: u64 = 366 * 86_400_000;

/// Pieces that a state is made of.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    " ", "0", "1", "2", "z", " 0", " 1", " zz", " 3w5e11264sgsf", " 3w5e11264sgsg", " zzzzzzzzzzzzzz",
    " -1", ".", "u1", "u2", "\n", "\0", "é", "A",
];

/// A process, and what it knows.
struct Peer {
    id: u64,
    seq: u64,
    /// A request whose answer got lost: it is made again in the same words.
    lost: Option<Request>,
    seen: Option<Rc<SharedUsage>>,
}

/// Processes of one project, and when they were granted what.
struct World {
    now: u64,
    limit: u64,
    state: Option<String>,
    peers: Vec<Peer>,
    granted: Vec<u64>,
}

impl World {
    fn new(dice: &mut Dice) -> Self {
        let peer = |dice: &mut Dice| Peer { id: dice.bits(), seq: 0, lost: None, seen: None };
        let peers = (0..=dice.below(3)).map(|_| peer(dice)).collect();
        let limit = 1 + dice.below(30) as u64;
        Self { now: NOW.0, limit, state: None, peers, granted: Vec::new() }
    }

    /// One of the processes asks for permits, and tells what happened to some that it had.
    fn ask(&mut self, dice: &mut Dice, costs: usize) -> Reply {
        let who = dice.below(self.peers.len());
        let again = self.peers[who].lost.take();
        let request = again.unwrap_or_else(|| self.request(dice, who, costs));
        let expected = dice.once_in(2).then_some(self.now);
        let times = Times { now: self.now, wall: None, expected };
        let (state, reply) = apply(self.state.as_deref(), times, &request);
        let most = request.costs.len();
        assert!(reply.granted <= most, "{} permits of {most}", reply.granted);
        self.state = Some(state);
        if dice.once_in(20) {
            self.peers[who].lost = Some(request);
        } else {
            // Permits of an answer that got lost are given back.
            let count = if reply.now == self.now { reply.granted } else { 0 };
            self.granted.extend(std::iter::repeat_n(reply.now, count));
            self.peers[who].seen = Some(Rc::clone(&reply.shared));
        }
        reply
    }

    fn request(&mut self, dice: &mut Dice, who: usize, costs: usize) -> Request {
        let none = Limits::default();
        let deltas = dice.list(2, |dice| self.delta(dice));
        let peer = &mut self.peers[who];
        peer.seq += 1;
        Request {
            peer: peer.id,
            seq: peer.seq,
            given: none.with(Dimension::RequestsPerMinute, Some(self.limit)),
            tier: none,
            seen: peer.seen.clone().filter(|_| !dice.once_in(4)),
            deltas,
            costs: vec![ONE; costs],
            waiting: costs as u64,
            epoch: dice.bits(),
        }
    }

    fn delta(&mut self, dice: &mut Dice) -> Delta {
        let nothing = Amounts::default();
        let Some(at) = self.granted.last().copied() else {
            return Delta::EndDoubt { at: self.now };
        };
        match dice.below(4) {
            0 => Delta::Record { at, used: Amounts { requests: 0, ..ONE } },
            1 => Delta::Settle { at, more: Amounts { tokens: 7, ..nothing }, less: nothing },
            2 => {
                // A request that the service refuses takes no room there.
                self.granted.pop();
                let said = Refusal {
                    count: None,
                    dimension: Some(Dimension::RequestsPerMinute),
                    limit: Some(dice.below(40) as u64).filter(|limit| *limit > 0),
                    wait: dice.once_in(2).then(|| Millis(dice.below(50_000) as u64)),
                    is_quota: true,
                };
                Delta::Refuse { at, said_at: at, reserved: nothing, said }
            }
            _ => Delta::EndDoubt { at },
        }
    }

    /// No minute holds more than the limit, whichever minute it is.
    fn check(&self) {
        for (index, first) in self.granted.iter().enumerate() {
            let within = self.granted[index..].iter().filter(|at| **at < first + MINUTE).count();
            let from = first - NOW.0;
            assert!(
                within as u64 <= self.limit,
                "{within} of {} in a minute from {from}",
                self.limit
            );
        }
    }
}

/// A state that is none, or no longer one.
fn damaged(dice: &mut Dice, state: &str) -> String {
    if dice.once_in(10) {
        return ["u2", &dice.list(200, |dice| *dice.pick(PIECES)).concat()].concat();
    }
    let mut text = state.to_owned();
    for _ in 0..=dice.below(3) {
        text = match dice.below(3) {
            // One number is another: nothing else about the text is wrong.
            0 => {
                let mut numbers: Vec<&str> = text.split(' ').collect();
                let at = dice.below(numbers.len());
                let number = ["0", "1", "2", "z", "zz", "1000000", "zzzzzzzzz", "3w5e11264sgsf"];
                numbers[at] = *dice.pick(&number);
                numbers.join(" ")
            }
            1 => {
                let mut numbers: Vec<&str> = text.split(' ').collect();
                let (one, other) = (dice.below(numbers.len()), dice.below(numbers.len()));
                numbers.swap(one, other);
                numbers.join(" ")
            }
            _ => dice.damaged(&text, PIECES),
        };
    }
    text
}

pub(crate) fn case(dice: &mut Dice) {
    let mut world = World::new(dice);
    for _ in 0..dice.below(12) {
        world.now += dice.below(20_000) as u64;
        let costs = dice.below(8);
        world.ask(dice, costs);
    }
    world.check();
    let state = damaged(dice, world.state.as_deref().unwrap_or("u2 1"));
    if let Some(shared) = SharedUsage::read(&state) {
        let text = shared.write();
        assert!(
            text.is_ascii() && SharedUsage::read(&text).is_some(),
            "it is not read again: {text}"
        );
    }
    world.granted.clear();
    world.state = Some(state);
    let damaged_at = world.now;
    let (mut waited, mut all) = (0, 0);
    for round in 0..5_000 {
        if round >= 60 && all > 0 {
            break;
        }
        let costs = 1 + dice.below(8);
        let reply = world.ask(dice, costs);
        all += reply.granted;
        let text = world.state.as_deref().unwrap_or_default();
        assert!(text.len() <= 4_096 && text.is_ascii(), "{} bytes", text.len());
        waited = if reply.granted == 0 { waited } else { 0 };
        match reply.denial {
            None => world.now += dice.below(10_000) as u64,
            Some(denial) => {
                let wait = denial.until.saturating_sub(reply.now);
                assert!(wait <= LONGEST, "a wait of {wait} ms for {:?}", denial.dimension);
                waited += wait;
                assert!(waited <= 2 * LONGEST, "nothing goes for {waited} ms");
                world.now = world.now.max(denial.until) + dice.below(2) as u64;
            }
        }
    }
    assert!(all > 0, "nothing ever goes");
    // A state is believed in what it says of a minute, and the minute is forgotten with it: from
    // then on it is known.
    world.granted.retain(|at| *at > damaged_at + MINUTE + 500);
    world.check();
}
