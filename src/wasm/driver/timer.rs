//! The one timer of a client.

use std::rc::Rc;

use crate::base::time::Millis;
use crate::engine::input::Input;
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::host;

/// The longest time between two looks at the clock.
const RECHECK: Millis = Millis(300_000);

impl Driver {
    pub(super) fn arm(self: &Rc<Self>) {
        // The host is woken for the sake of a store alone.
        let has_store = self.shared.is_some();
        let idle = has_store.then(|| self.engine.borrow().next_idle_wakeup()).flatten();
        if idle != self.idle.replace(idle)
            && let Some(at) = idle
        {
            self.host.nap((at - host::now().mono).as_f64());
        }
        let due = self.engine.borrow_mut().next_wakeup();
        let due = [due, self.keep_due()].into_iter().flatten().min();
        let armed = self.timer.borrow().as_ref().map(|(at, _)| *at);
        // A timer that fires early finds nothing due and sets the next; that is cheaper than a new
        // one for each call that ends.
        if due == armed || armed.is_some_and(|armed| due.is_some_and(|due| armed < due)) {
            return;
        }
        let timer = due.map(|at| {
            let driver = Rc::clone(self);
            let wake = move || {
                // The timer that called us is over; without it, `arm` sets the next one.
                let fired = driver.timer.borrow_mut().take();
                driver.feed(Input::Woken);
                drop(fired);
            };
            // The clock of timers may stand still while a computer sleeps, so that a call which
            // waits for midnight has to look at the time in between.
            (at, host::timer((at - host::now().mono).min(RECHECK), wake))
        });
        let old = self.timer.replace(timer);
        drop(old);
    }
}
