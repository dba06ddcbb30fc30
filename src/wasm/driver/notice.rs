//! The events of quotas.

use crate::engine::ids::LaneId;
use crate::engine::output::Notice;
use crate::errors::kind::Dimension;
use crate::quota::money::amount;
use crate::wasm::driver::event_loop::Driver;
use crate::wasm::errors::info::error_info;
use crate::wasm::quota::fields::{alert_fields, budget_fields};
use crate::wasm::values::date::date;
use crate::wasm::values::name::name;
use crate::wasm::values::object::Fields;

impl Driver {
    /// Emits the event of a notice.
    pub(super) fn emit_notice(&self, notice: &Notice) {
        if !self.host.listening() {
            return;
        }
        let of = |lane: LaneId, fields: Fields| match self.quotas.model(lane) {
            Some(model) => fields.set("model", model),
            None => fields,
        };
        let dimension = |dimension: Dimension| name(dimension.as_str());
        let (event, fields) = match notice {
            Notice::Learned { lane, learned } => {
                let row = learned.dimension;
                let fields = Fields::new()
                    .set("dimension", dimension(row))
                    .set("limit", amount(row, learned.change.limit))
                    .set_some("previous", learned.change.previous.map(|limit| amount(row, limit)));
                ("limitLearned", of(*lane, fields))
            }
            Notice::Budget(alert) => ("budgetAlert", budget_fields(alert)),
            Notice::Alert { lane, alert } => ("quotaAlert", of(*lane, alert_fields(alert))),
            Notice::Exhausted { lane, dimension: row, limit, until } => {
                let fields = Fields::new()
                    .set("dimension", dimension(*row))
                    .set_some("limit", limit.map(|limit| amount(*row, limit)))
                    .set("retryAt", date(until.0));
                ("quotaExhausted", of(*lane, fields))
            }
            Notice::CircuitOpened { lane, until, info } => {
                let fields =
                    Fields::new().set("retryAt", date(until.0)).set("info", error_info(info));
                ("circuitOpened", of(*lane, fields))
            }
            Notice::CircuitClosed { lane } => ("circuitClosed", of(*lane, Fields::new())),
            Notice::Store { down } => ("storeDown", Fields::new().set("down", *down)),
        };
        self.host.notice(event, &fields.done());
    }
}
