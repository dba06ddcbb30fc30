//! Jobs that are shown, listed, cancelled and deleted.

use std::sync::Arc;

use crate::batch::context::Context;
use crate::batch::list_page::{PageSize, list};
use crate::batch::operation::{ROWS, operation};
use crate::batch::store::Store;
use crate::parse::call::ListPage;
use crate::plan::action::Action;
use crate::plan::replies;
use crate::plan::work::Work;
use crate::wire::body::Body;
use crate::wire::json::pretty;
use crate::wire::reply::Reply;
use crate::wire::results::{RowRef, Rows};

const JOBS_PAGE: PageSize = PageSize { usual: 50, most: 1_000 };

/// After so many milliseconds the front end gives up on results that are too large.
const FRONT_END_DEADLINE: u64 = 60_000;

/// Shows a job, with its results once they are there and came inline.
pub(crate) fn get(store: &mut Store, context: &Context<'_>, id: &str) -> Work {
    let now = context.now;
    let rules = &context.config.batch;
    let Some(job) = store.job_mut(context.project(), id, now) else {
        return Work::reply(now, Reply::not_found());
    };
    let inline = job.rows.inline && job.results_at(now).is_some();
    if inline && job.rows.inline_bytes() > rules.unreadable_bytes {
        job.unread = job.unread.saturating_add(1);
        let reply =
            if job.unread == 1 { replies::unavailable_reply() } else { replies::deadline_reply() };
        return Work::reply(now.saturating_add(FRONT_END_DEADLINE), reply);
    }
    let text = pretty(&operation(job, rules.state_prefix, now, inline));
    if !inline {
        return Work::reply(now, Reply::json(200, text));
    }
    let body = with_rows(&text, &job.rows);
    Work::unbilled(Some(now), Action::Send(Reply::json(200, String::new()), body))
}

/// The text of a job with its rows in their place.
fn with_rows(text: &str, rows: &Arc<Rows>) -> Body {
    let mut body = Body::default();
    for (part, stretch) in text.split(ROWS).enumerate() {
        for index in 0..if part > 0 { rows.rows.len() } else { 0 } {
            if index > 0 {
                body.push_text(",\n");
            }
            body.push_row(RowRef { rows: rows.clone(), index });
        }
        body.push_text(stretch);
    }
    body
}

pub(crate) fn list_jobs(store: &Store, context: &Context<'_>, page: &ListPage) -> Reply {
    let (project, now) = (context.project(), context.now);
    let prefix = context.config.batch.state_prefix;
    let mine =
        store.jobs.iter().rev().filter(|(_, job)| job.project == project && job.is_there(now));
    let all = mine.map(|(number, job)| (*number, operation(job, prefix, now, false)));
    list("operations", page, JOBS_PAGE, all)
}

pub(crate) fn cancel(store: &mut Store, context: &Context<'_>, id: &str) -> Reply {
    match store.job_mut(context.project(), id, context.now) {
        Some(job) => {
            job.cancelled.get_or_insert(context.now);
            Reply::empty_object()
        }
        None => Reply::not_found(),
    }
}

pub(crate) fn delete(store: &mut Store, context: &Context<'_>, id: &str) -> Reply {
    match store.job_mut(context.project(), id, context.now) {
        Some(job) => {
            job.deleted = Some(context.now);
            Reply::empty_object()
        }
        None => Reply::not_found(),
    }
}
