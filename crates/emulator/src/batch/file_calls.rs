//! Files that are shown, listed, deleted and downloaded: uploads, and the results of jobs.

use serde_json::Value;

use crate::batch::context::Context;
use crate::batch::file::{describe, describe_results};
use crate::batch::list_page::{PageSize, list};
use crate::batch::store::Store;
use crate::parse::call::ListPage;
use crate::plan::action::Action;
use crate::plan::work::Work;
use crate::wire::body::Body;
use crate::wire::json::pretty;
use crate::wire::reply::Reply;
use crate::wire::results::RowRef;

const FILES_PAGE: PageSize = PageSize { usual: 10, most: 100 };

/// The sentence about a file of another project, or of none.
fn no_file(id: &str) -> Reply {
    let sentence =
        format!("You do not have permission to access the File {id} or it may not exist.");
    Reply::error(403, &sentence)
}

pub(crate) fn get(store: &Store, context: &Context<'_>, id: &str) -> Reply {
    let project = context.project();
    if let Some(file) = store.files.find(project, id) {
        return Reply::json(200, pretty(&describe(file)));
    }
    let found = store.results(project, context.now).find(|(_, job, _)| job.results_id() == id);
    match found {
        Some((_, job, ended)) => {
            Reply::json(200, pretty(&describe_results(job, ended, &context.parsed.host)))
        }
        None => no_file(id),
    }
}

pub(crate) fn list_files(store: &Store, context: &Context<'_>, page: &ListPage) -> Reply {
    let project = context.project();
    let own = store.files.files.iter().filter(|(_, file)| file.project == *project);
    let mut all: Vec<(u64, Value)> = own.map(|(number, file)| (*number, describe(file))).collect();
    all.extend(
        store.results(project, context.now).map(|(number, job, ended)| {
            (number, describe_results(job, ended, &context.parsed.host))
        }),
    );
    all.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    list("files", page, FILES_PAGE, all.into_iter())
}

pub(crate) fn delete(store: &mut Store, context: &Context<'_>, id: &str) -> Reply {
    let project = context.project();
    let before = store.files.files.len();
    store.files.files.retain(|_, file| !(file.id == id && file.project == *project));
    let number = store
        .results(project, context.now)
        .find(|(_, job, _)| job.results_id() == id)
        .map(|(number, ..)| number);
    match number.and_then(|number| store.jobs.get_mut(&number)) {
        Some(job) => job.results_deleted = true,
        None if store.files.files.len() == before => return no_file(id),
        None => {}
    }
    Reply::empty_object()
}

pub(crate) fn download(store: &Store, context: &Context<'_>, id: &str) -> Work {
    let (project, due) = (context.project(), context.now);
    if store.files.find(project, id).is_some() {
        let sentence = format!("The File {id} cannot be downloaded: only generated files can.");
        return Work::reply(due, Reply::error(400, &sentence));
    }
    let found = store.results(project, context.now).find(|(_, job, _)| job.results_id() == id);
    let Some((_, job, _)) = found else { return Work::reply(due, no_file(id)) };
    let mut body = Body::default();
    for index in 0..job.rows.rows.len() {
        body.push_row(RowRef { rows: job.rows.clone(), index });
    }
    let reply = Reply::typed(200, "application/jsonl", String::new());
    Work::unbilled(Some(due), Action::Send(reply, body))
}
