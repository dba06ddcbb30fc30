//! Older names of models.

use crate::models::catalog::bare;
use crate::models::known::Catalog;
use crate::wasm::host::Host;

/// The id of today for an older name, with one warning; any other name as it is.
pub(super) fn current_id(catalog: &Catalog, model: String, host: &Host) -> String {
    let id = bare(&model);
    let Some(today) = catalog.today(id) else { return id.to_owned() };
    host.warn(
        &[
            "`",
            id,
            "` is an older name or a nickname; asking for `",
            today,
            "`. To have it sent as it is, give its target a `baseUrl`, or `catalog` a row with that id",
        ]
        .concat(),
    );
    today.to_owned()
}
