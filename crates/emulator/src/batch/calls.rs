//! The dispatch of each call of files and jobs to the function that does its work.

use crate::batch::context::Context;
use crate::batch::store::Store;
use crate::batch::{create, file_calls, job_calls, upload};
use crate::parse::call::Call;
use crate::plan::work::Work;

/// Does the work of a call.
pub(crate) fn perform(store: &mut Store, mut context: Context<'_>, call: &Call) -> Work {
    let context = &mut context;
    store.files.expire(context.now);
    let reply = match call {
        Call::StartUpload(start) => upload::start(&mut store.files, context, start),
        Call::Upload(chunk) => upload::go_on(&mut store.files, context, chunk),
        Call::GetFile(id) => file_calls::get(store, context, id),
        Call::ListFiles(page) => file_calls::list_files(store, context, page),
        Call::DeleteFile(id) => file_calls::delete(store, context, id),
        Call::Download(id) => return file_calls::download(store, context, id),
        Call::Create(batch) => create::create(store, context, batch),
        Call::GetBatch(id) => return job_calls::get(store, context, id),
        Call::ListBatches(page) => job_calls::list_jobs(store, context, page),
        Call::CancelBatch(id) => job_calls::cancel(store, context, id),
        Call::DeleteBatch(id) => job_calls::delete(store, context, id),
    };
    Work::reply(context.now, reply)
}
