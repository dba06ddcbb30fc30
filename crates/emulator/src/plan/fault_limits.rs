//! The 429s and the 402 of faults.

use crate::base::delay::Delay;
use crate::model::limits::Dimension;
use crate::plan::fault_context::FaultContext;
use crate::plan::replies::{PREPAID, spend_reply};
use crate::settings::fault::Fault;
use crate::settings::fault_kind::FaultKind;
use crate::wire::quota_error::{BARE_429, QuotaLine, quota};
use crate::wire::reply::Reply;

const MONTHLY: &str = "Your project has exceeded its monthly spending cap. Raise the cap in AI \
                       Studio: https://ai.studio/spend";

/// The reply of a fault that is about a limit; [`FaultKind::QuotaDetailed`] unless it is another.
pub(crate) fn reply(fault: &Fault, context: &mut FaultContext<'_>) -> Reply {
    match fault.fault {
        FaultKind::QuotaBare => Reply::error(429, BARE_429),
        FaultKind::QuotaEmpty => Reply::json(429, String::new()),
        FaultKind::QuotaGateway => gateway(fault, context),
        FaultKind::QuotaSpend => spend_reply(),
        FaultKind::QuotaMonthlyCap => Reply::error(429, MONTHLY),
        FaultKind::QuotaPrepaid => Reply::error(429, PREPAID),
        FaultKind::PaymentRequired => Reply::error(402, PREPAID),
        _ => detailed(fault, context),
    }
}

fn gateway(fault: &Fault, context: &mut FaultContext<'_>) -> Reply {
    let mut reply = Reply::typed(429, "text/plain", "Too many requests, slow down.\n".into());
    let seconds = match fault.retry_delay {
        Some(delay) => delay.nanos.div_ceil(1_000_000_000),
        None => context.random.between(5, 30),
    };
    reply.set("retry-after", &seconds.to_string());
    reply
}

fn detailed(fault: &Fault, context: &mut FaultContext<'_>) -> Reply {
    let line = |dimension: Dimension| {
        let limit = fault.limit.or_else(|| (context.limit)(dimension));
        let limit = limit.unwrap_or(usual_limit(dimension));
        QuotaLine { dimension, limit, free: limit == 0 }
    };
    let zero = |dimension: Dimension| QuotaLine { dimension, limit: 0, free: true };
    let lines = match fault.fault {
        FaultKind::QuotaDay => vec![line(Dimension::Rpd)],
        FaultKind::QuotaLimitZero => {
            vec![zero(Dimension::Rpm), zero(Dimension::Tpm), zero(Dimension::Rpd)]
        }
        FaultKind::QuotaSeveral => {
            vec![line(Dimension::Rpm), line(Dimension::Tpm), line(Dimension::Rpd)]
        }
        _ => vec![line(fault.dimension.unwrap_or(Dimension::Rpm))],
    };
    let delay = fault.retry_delay.unwrap_or_else(|| Delay::random(&mut context.random, 5, 55));
    Reply::json(429, quota(&lines, context.model, delay))
}

/// A plausible limit where none is configured: tier 1 of the last published table.
fn usual_limit(dimension: Dimension) -> u64 {
    match dimension {
        Dimension::Rpm => 20,
        Dimension::Tpm => 100_000,
        Dimension::Ipm => 10,
        Dimension::Rpd => 250,
    }
}
