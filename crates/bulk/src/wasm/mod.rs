//! The functions that JavaScript calls. Moments are ms since 1970.

pub mod jobs;

use crate::disk;
use crate::file_name;
use unexhausted::base::time::Millis;
use wasm_bindgen::prelude::*;

/// A batch.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Batch(crate::json::batch::Batch);

#[wasm_bindgen]
impl Batch {
    /// A batch of which nothing is known yet.
    ///
    /// # Errors
    /// A sentence that names what is wrong with the settings.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Result<Self, String> {
        crate::json::batch::Batch::new(settings).map(Self)
    }

    /// Applies whole lines of an earlier run.
    ///
    /// # Errors
    /// A sentence, for a journal that cannot be gone on with.
    pub fn restore(&mut self, lines: &str) -> Result<(), String> {
        self.0.restore(lines)
    }

    /// Applies what stands behind the last line break: false where it was cut and is to be removed.
    ///
    /// # Errors
    /// A sentence, for a journal that cannot be gone on with.
    #[wasm_bindgen(js_name = restoreTail)]
    pub fn restore_tail(&mut self, tail: &str) -> Result<bool, String> {
        self.0.restore_tail(tail)
    }

    /// Begins a run; gives its line.
    ///
    /// # Errors
    /// None that is known.
    pub fn begin(&mut self, now: f64) -> Result<String, String> {
        self.0.begin(moment(now))
    }

    /// Takes in an item of the source and says what is to be done with it.
    ///
    /// # Errors
    /// None that is known.
    #[allow(clippy::needless_pass_by_value)]
    pub fn take(&mut self, key: Option<String>, print: &str) -> Result<String, String> {
        self.0.take(key.as_deref(), print)
    }

    /// The picture of an item that was made is not there.
    pub fn missing(&mut self, key: &str, file: &str) {
        self.0.missing(key, file);
    }

    /// A request is about to be sent; no line where the budget says no.
    ///
    /// # Errors
    /// None that is known.
    pub fn sends(
        &mut self,
        key: &str,
        model: &str,
        usd: f64,
        now: f64,
    ) -> Result<Option<String>, String> {
        self.0.sends(key, model, usd, moment(now))
    }

    /// Whether so much more, in USD, fits the budget.
    #[must_use]
    pub fn affords(&self, usd: f64) -> bool {
        self.0.affords(usd)
    }

    /// The possible cost in USD of lost answers to an item, over all runs.
    #[must_use]
    pub fn lost(&self, key: &str) -> f64 {
        self.0.lost(key)
    }

    /// A request has failed, and the item waits.
    ///
    /// # Errors
    /// None that is known.
    pub fn waits(&mut self, key: &str, possibly_billed: bool) -> Result<Option<String>, String> {
        self.0.waits(key, possibly_billed)
    }

    /// Pictures are on disk.
    ///
    /// # Errors
    /// A sentence that names what is wrong with `pictures`.
    pub fn made(&mut self, key: &str, pictures: &str, now: f64) -> Result<String, String> {
        self.0.made(key, pictures, moment(now))
    }

    /// Pictures got other names.
    ///
    /// # Errors
    /// A sentence that names what is wrong with `files`.
    pub fn named(&mut self, key: &str, files: &str) -> Result<String, String> {
        self.0.named(key, files)
    }

    /// An item failed: its line, and what that means.
    ///
    /// # Errors
    /// A sentence that names what is wrong with `trouble`.
    pub fn failed(&mut self, key: &str, trouble: &str, now: f64) -> Result<String, String> {
        self.0.failed(key, trouble, moment(now))
    }

    /// How far it is.
    ///
    /// # Errors
    /// None that is known.
    pub fn progress(&self, now: f64) -> Result<String, String> {
        self.0.progress(moment(now))
    }

    /// The notices since the last time.
    ///
    /// # Errors
    /// None that is known.
    pub fn notices(&mut self) -> Result<String, String> {
        self.0.notices()
    }

    /// The run ends.
    #[wasm_bindgen(js_name = endRun)]
    pub fn end_run(&mut self) {
        self.0.end_run();
    }

    /// Jobs that have not ended.
    ///
    /// # Errors
    /// None that is known.
    pub fn jobs(&self) -> Result<String, String> {
        self.0.jobs()
    }

    /// A job is about to be created.
    ///
    /// # Errors
    /// A sentence that names what is wrong with `job`.
    #[wasm_bindgen(js_name = jobCreating)]
    pub fn job_creating(&mut self, job: &str, now: f64) -> Result<String, String> {
        self.0.job_creating(job, moment(now))
    }

    /// A job was created.
    ///
    /// # Errors
    /// None that is known.
    #[wasm_bindgen(js_name = jobCreated)]
    pub fn job_created(&mut self, display_name: &str, name: &str) -> Result<String, String> {
        self.0.job_created(display_name, name)
    }

    /// A job has ended.
    ///
    /// # Errors
    /// None that is known.
    #[wasm_bindgen(js_name = jobEnded)]
    pub fn job_ended(&mut self, display_name: &str) -> Result<String, String> {
        self.0.job_ended(display_name)
    }
}

/// Whether a failure of this kind says something of its model alone.
#[wasm_bindgen(js_name = isOfTheModel)]
#[must_use]
pub fn is_of_the_model(kind: &str) -> bool {
    crate::verdict::is_of_the_model(kind)
}

/// Whether an item that so many jobs made nothing of goes into another one.
#[wasm_bindgen(js_name = takesAnotherJob)]
#[must_use]
pub fn takes_another_job(jobs: u32) -> bool {
    crate::open_job::takes_another_job(jobs)
}

/// The default name of an item's picture, without an ending.
#[wasm_bindgen(js_name = nameOfItem)]
#[must_use]
pub fn name_of_item(index: f64, prompt: &str) -> String {
    file_name::of_item(moment(index), prompt)
}

/// A caller's name for a picture, made harmless; empty where nothing is left of it.
#[wasm_bindgen(js_name = safeName)]
#[must_use]
pub fn safe_name(given: &str) -> String {
    file_name::safe(given)
}

/// The name of a picture.
#[wasm_bindgen(js_name = numberedName)]
#[must_use]
pub fn numbered_name(base: &str, picture: u32, pictures: u32, mime: &str) -> String {
    file_name::numbered(base, picture.into(), pictures.into(), mime)
}

/// The name to try where `name` and so many after it are taken.
#[wasm_bindgen(js_name = nameBeside)]
#[must_use]
pub fn name_beside(name: &str, clashes: u32) -> String {
    file_name::beside(name, clashes.into())
}

/// The type of a picture by its name.
#[wasm_bindgen(js_name = typeOf)]
#[must_use]
pub fn type_of(name: &str) -> String {
    file_name::mime(name).to_owned()
}

/// The name that a picture has until it is complete.
#[wasm_bindgen(js_name = temporaryName)]
#[must_use]
pub fn temporary_name(key: &str, picture: u32) -> String {
    file_name::temporary(key, picture.into())
}

/// The obstacle to writing in words, where it may pass.
#[wasm_bindgen(js_name = diskTrouble)]
#[must_use]
pub fn disk_trouble(code: &str) -> Option<String> {
    disk::passing(code).map(str::to_owned)
}

/// The wait in ms before the next try to write; none where it is time to give up.
#[wasm_bindgen(js_name = diskWait)]
#[must_use]
pub fn disk_wait(failures: u32, elapsed: f64) -> Option<f64> {
    disk::wait(failures, Millis::from_f64(elapsed)).map(Millis::as_f64)
}

fn moment(ms: f64) -> u64 {
    Millis::from_f64(ms).0
}
