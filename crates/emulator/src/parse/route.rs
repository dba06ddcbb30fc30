//! Reads a request: route, key, body.

use crate::model::protocol::Protocol;
use crate::parse::cors::may_pass;
use crate::parse::key::project_of;
use crate::parse::models::{description, find_model, list};
use crate::parse::parsed::{Intent, Parsed};
use crate::parse::request::Request;
use crate::parse::vertex::Address;
use crate::parse::{
    batch_rows, cors, files_and_batches, generate_content, generation, new_batch, openai, predict,
    vertex,
};
use crate::settings::config::Config;
use crate::wire::json::pretty;
use crate::wire::refusal::{Refusal, refuse};
use crate::wire::sentences::not_found;
use crate::wire::{error, link};

/// Understands a request.
pub(crate) fn parse(config: &Config, request: &Request, now: u64) -> Parsed {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut parsed = Parsed {
        call: "unknown",
        protocol: Protocol::Gemini,
        host: request.header("host").unwrap_or("emulator.invalid").to_owned(),
        model: String::new(),
        project: "default".into(),
        origin: request.header("origin").map(str::to_owned),
        is_upload: cors::is_upload(path),
        intent: Intent::Preflight { allowed: false },
    };
    if request.method.eq_ignore_ascii_case("OPTIONS") {
        parsed.call = "preflight";
        parsed.intent =
            Intent::Preflight { allowed: parsed.origin.is_some() && may_pass(request, path) };
        return parsed;
    }
    parsed.intent = match understand(config, request, path, query, now, &mut parsed) {
        Ok(intent) => intent,
        Err(refusal) => Intent::Refused(refusal),
    };
    parsed
}

fn understand(
    config: &Config,
    request: &Request,
    path: &str,
    query: &str,
    now: u64,
    parsed: &mut Parsed,
) -> Result<Intent, Refusal> {
    if let Some(name) = path.strip_prefix(link::FOLDER) {
        parsed.call = "picture";
        return link::find(name).map(Intent::Fetch);
    }
    if let Some(protocol) = openai::protocol_of(path) {
        parsed.call = if protocol == Protocol::Chat { "chat" } else { "images" };
        parsed.protocol = protocol;
        parsed.project = project_of(config, request, query)?;
        return openai::understand(config, request, parsed).map(Intent::Generate);
    }
    if let Some(found) = files_and_batches::find(request, path, query) {
        let call = found?;
        parsed.call = call.name();
        if !call.needs_no_key() {
            parsed.project = project_of(config, request, query)?;
        }
        return Ok(Intent::Call(call));
    }
    let Some(Address { version, project, target }) = vertex::place(path) else {
        return Err(Refusal::new(
            404,
            error::html(404, "Not Found", "The requested URL was not found on this server."),
        ));
    };
    let (name, method) = target.map(name_and_method).unwrap_or_default();
    parsed.model = name.strip_prefix("models/").unwrap_or(name).to_owned();
    parsed.call = call_of_model(request, &parsed.model, method, project.is_some());
    parsed.project = match project {
        Some(project) => vertex::admit(config, request, project, now)?,
        None => project_of(config, request, query)?,
    };
    if parsed.call == "models" && parsed.model.is_empty() {
        return Ok(Intent::Ready { body: pretty(&list(config)) });
    }
    understand_model_call(config, request, version, method, parsed)
}

fn name_and_method(target: &str) -> (&str, &str) {
    target.rsplit_once(':').unwrap_or((target, ""))
}

/// The name in the ledger of a call to a model.
fn call_of_model(request: &Request, model: &str, method: &str, has_project: bool) -> &'static str {
    let post = request.method.eq_ignore_ascii_case("POST");
    let get = request.method.eq_ignore_ascii_case("GET");
    match method {
        "" if get => "models",
        "generateContent" if post => "generateContent",
        "predict" if post && model.starts_with("imagen") => "predict",
        "countTokens" if post => "countTokens",
        "batchGenerateContent" if post && !has_project => "createBatch",
        _ => "unknown",
    }
}

fn understand_model_call(
    config: &Config,
    request: &Request,
    version: &str,
    method: &str,
    parsed: &mut Parsed,
) -> Result<Intent, Refusal> {
    let model = find_model(config, &parsed.model, version, method)?;
    match parsed.call {
        "models" => Ok(Intent::Ready { body: pretty(&description(model)) }),
        "predict" => {
            parsed.protocol = Protocol::Predict;
            predict::understand(config, request, model).map(Intent::Generate)
        }
        "countTokens" => generate_content::count_tokens(request, model),
        "createBatch" => {
            if parsed.model.starts_with("imagen") {
                return refuse(404, &not_found(&parsed.model, version, method));
            }
            let call = new_batch::create(request, version)?;
            let blank = generation::blank(config, request, model);
            batch_rows::check_inline(&blank, &parsed.model, version, &call)?;
            Ok(Intent::Call(call))
        }
        "generateContent" => {
            generate_content::read_generation(config, request, model, version).map(Intent::Generate)
        }
        _ => refuse(404, &not_found(&parsed.model, version, method)),
    }
}
