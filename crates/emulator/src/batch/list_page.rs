//! Pages of a list.

use serde_json::{Map, Value};

use crate::parse::call::ListPage;
use crate::wire::json::pretty;
use crate::wire::reply::Reply;

/// Items in a page of a list.
#[derive(Clone, Copy)]
pub(crate) struct PageSize {
    /// The number, if the caller asks for none.
    pub(crate) usual: usize,
    pub(crate) most: usize,
}

/// The answer with one page of a list that is newest first, under `name`. A token is the number of
/// the last item before its page.
pub(crate) fn list(
    name: &str,
    page: &ListPage,
    size: PageSize,
    all: impl Iterator<Item = (u64, Value)>,
) -> Reply {
    let (items, next) = page_of(page, size, all);
    let mut answer = Map::new();
    if !items.is_empty() {
        answer.insert(name.to_owned(), items.into());
    }
    if let Some(token) = next {
        answer.insert("nextPageToken".into(), token.into());
    }
    Reply::json(200, pretty(&Value::Object(answer)))
}

fn page_of(
    page: &ListPage,
    PageSize { usual, most }: PageSize,
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
