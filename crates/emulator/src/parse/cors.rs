//! The headers that pages may send, and those that let them read an answer.

use crate::parse::parsed::{Intent, Parsed};
use crate::parse::request::Request;
use crate::wire::reply::Reply;

/// Request headers that a page may send; any other makes the preflight fail.
const CORS_HEADERS: &str = "content-type, x-goog-api-key, x-goog-api-client, authorization";

/// The same for uploads, which pages make too: the SDK for the web has them.
const UPLOAD_HEADERS: &str = "content-type, x-goog-api-key, x-goog-api-client, \
     authorization, x-goog-upload-protocol, x-goog-upload-command, x-goog-upload-offset, \
     x-goog-upload-header-content-length, x-goog-upload-header-content-type, \
     x-goog-upload-file-name";

pub(crate) fn may_pass(request: &Request, path: &str) -> bool {
    let asked = request.header("access-control-request-headers").unwrap_or("");
    let allowed = if is_upload(path) { UPLOAD_HEADERS } else { CORS_HEADERS };
    asked
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .all(|name| allowed.split(", ").any(|allowed| allowed.eq_ignore_ascii_case(name)))
}

/// Whether a page may send the headers of an upload there.
pub(crate) fn is_upload(path: &str) -> bool {
    path.starts_with("/upload/")
}

/// The headers of an answer, readable by the page that asked.
pub(crate) fn with_origin(mut reply: Reply, parsed: &Parsed) -> Vec<(String, String)> {
    let preflight = matches!(parsed.intent, Intent::Preflight { .. });
    let refused = matches!(parsed.intent, Intent::Preflight { allowed: false });
    if let (Some(origin), false) = (&parsed.origin, refused) {
        reply.set("access-control-allow-origin", origin);
        reply.set("vary", "Origin, X-Origin, Referer");
        if preflight {
            reply.set("access-control-allow-methods", "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT");
            let upload = parsed.is_upload;
            let allowed = if upload { UPLOAD_HEADERS } else { CORS_HEADERS };
            reply.set("access-control-allow-headers", allowed);
            reply.set("access-control-max-age", "3600");
        } else if parsed.is_upload {
            let exposed = "x-goog-upload-status, x-goog-upload-url, x-goog-upload-size-received";
            reply.set("access-control-expose-headers", exposed);
        }
    }
    reply.headers
}
