//! Pages of a list.

use serde_json::Value;

use crate::parse::call::ListPage;

/// One page of a list that is newest first; a token is the number of the last item before it.
pub(crate) fn page_of(
    page: &ListPage,
    (usual, most): (usize, usize),
    all: impl Iterator<Item = (u64, Value)>,
) -> (Vec<Value>, Option<String>) {
    let size = page.size.filter(|size| *size > 0).unwrap_or(usual).min(most);
    let before = page.token.as_deref().and_then(|token| token.parse::<u64>().ok());
    let mut listed = Vec::new();
    let mut last = 0;
    for (number, value) in all.filter(|(number, _)| before.is_none_or(|before| *number < before)) {
        if listed.len() == size {
            return (listed, Some(last.to_string()));
        }
        last = number;
        listed.push(value);
    }
    (listed, None)
}
