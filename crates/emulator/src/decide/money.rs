//! Limits of money, and what each account has spent.

use crate::decide::state::State;
use crate::plan::replies;
use crate::settings::config::Config;
use crate::wire::reply::Reply;

/// The limit of money that another picture would break, and its answer.
pub(crate) fn out_of_money(
    state: &mut State,
    project: &str,
    now: u64,
    price: u64,
) -> Option<(&'static str, Reply)> {
    let account = state.config.account_of(project).to_owned();
    let account = state.accounts.entry(account).or_default();
    let prepaid = state.config.prepaid.map(Config::nano_usd);
    if prepaid.is_some_and(|balance| account.exhausts(balance, price)) {
        return Some(("limit:prepaid", Reply::error(402, replies::PREPAID)));
    }
    let limit = Config::nano_usd(state.config.spend_limit?);
    account.overspends(now, limit, price).then(|| ("limit:spend", replies::spend_reply()))
}

/// Books a price, in billionths of a USD.
pub(crate) fn book(state: &mut State, project: &str, price: u64) {
    if price == 0 {
        return;
    }
    let now = state.own_clock();
    let name = state.config.account_of(project).to_owned();
    let account = state.accounts.entry(name.clone()).or_default();
    let spent = account.book(now, price);
    state.ledger.spent(&name, spent);
}
