//! What runtimes and clients say when no answer came: lost connections, timeouts, aborts.

use crate::kind::Kind;
use crate::kind::Kind::{Cancelled, Network, Timeout};

/// One way in which a runtime says that no answer came.
pub(crate) struct Lost {
    /// What it says, as in [`crate::rules::Look::Says`].
    pub(crate) says: &'static str,
    /// What it means.
    pub(crate) kind: Kind,
}

/// The runtime is for the reader, and does not reach the wasm.
const fn row(runtime: &'static str, kind: Kind, says: &'static str) -> Lost {
    let _ = runtime;
    Lost { says, kind }
}

/// What is said where a connection was never made, so that nothing can have been billed.
pub(crate) const UNSENT: &str = "ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|\
    EADDRNOTAVAIL|CONNECT_TIMEOUT|bad port|dns error|client error (Connect)|ConnectionRefused|\
    Unable to connect. Is the computer|Could not resolve host|Could not connect to the server|\
    specified hostname could not|no such host|UnknownHost|ERR_NAME_NOT_RESOLVED|\
    ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED";

/// Timeouts come first, since they come wrapped in "fetch failed" and in the words of an abort.
/// Seen by running each runtime against a local stub, where no thread is named.
pub(crate) const LOST: &[Lost] = &[
    row("DOM, all runtimes", Timeout, "TimeoutError|aborted due to timeout|signal timed out"),
    row("undici", Timeout, "HEADERS_TIMEOUT|BODY_TIMEOUT|Headers Timeout|Body Timeout"),
    row("undici", Network, "CONNECT_TIMEOUT|Connect Timeout"),
    row("Bun, Firefox, Safari, curl, reqwest", Timeout, "operation timed out|request timed out"),
    row("openai", Timeout, "APIConnectionTimeoutError"),
    row("axios in a browser", Cancelled, "^Request aborted$"),
    row("axios", Timeout, "^timeout of|Error: timeout of|ECONNABORTED"),
    row("node-fetch, got", Timeout, "network timeout at|ESOCKETTIMEDOUT|Timeout awaiting"),
    row("Python", Timeout, "ReadTimeout|WriteTimeout|Read timed out|read operation timed out"),
    row("Go", Timeout, "context deadline exceeded|Client.Timeout exceeded"),
    row("Java, .NET", Timeout, "SocketTimeout|HttpTimeout|^timeout$|HttpClient.Timeout"),
    row("clients' own timers", Timeout, "request timeout|timed out after|timeout after"),
    // The network in words, codes before sentences.
    row("Node", Network, "ECONNRESET|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT"),
    row("Node", Network, "EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EPROTO"),
    row("Node", Network, "socket hang up|socket disconnected|Premature close|ERR_SOCKET"),
    row("Node", Network, "ERR_HTTP2|ERR_SSL|ERR_TLS|local issuer certificate|self-signed cert"),
    row("Node", Network, "certificate has expired|unable to verify the first"),
    row("undici", Network, "UND_ERR_SOCKET|other side closed|^terminated$|TypeError: terminated"),
    row("Node, Deno, musistudio/claude-code-router#537", Network, "fetch failed"),
    row("Deno, reqwest", Network, "error sending request|reading a body from connection"),
    row("Deno", Network, "dns error|client error (Connect)|closed before message completed"),
    row("Bun", Network, "Unable to connect. Is the computer|socket connection was closed"),
    row("Bun", Network, "ConnectionRefused|ConnectionClosed|FailedToOpenSocket"),
    row("workerd", Network, "network connection lost|^internal error; reference ="),
    row("Chrome", Network, "Failed to fetch|^network error$|Error: network error|net::ERR_"),
    row("Firefox", Network, "NetworkError when attempting|Error in input stream|in body stream"),
    row("Safari", Network, "^Load failed|TypeError: Load failed|network connection was lost"),
    row("Safari", Network, "appears to be offline|specified hostname could not be found"),
    row("Safari", Network, "Could not connect to the server|TLS error caused"),
    row("axios", Network, "ERR_NETWORK"),
    row("openai", Network, "^Connection error.$|APIConnectionError|Error: Connection error."),
    row("AI SDK, React Native", Network, "Cannot connect to API|Network request failed"),
    row(
        "gRPC, google/generative-ai-docs#367",
        Network,
        "failed to connect to|resolution failed|No connection established",
    ),
    row("Python, ZHO-ZHO-ZHO/ComfyUI-Gemini#11", Network, "Max retries exceeded|ConnectError"),
    row("Python", Network, "Connection aborted|Server disconnected|peer closed connection"),
    row("Python, Go, Java", Network, "Connection reset|Connection refused|ConnectTimeout"),
    row("Python", Network, "Name or service not known|UNEXPECTED_EOF"),
    row("Go", Network, "dial tcp|unexpected EOF|no such host|TLS handshake timeout|i/o timeout"),
    row("Java, Dart", Network, "UnknownHost|Failed host lookup|unexpected end of stream"),
    row("curl, PHP", Network, "cURL error|Could not resolve host"),
    // An abort last: its words stand in timeouts too.
    row("Node, undici", Cancelled, "AbortError|operation was aborted|UND_ERR_ABORTED|ABORT_ERR"),
    row("node-fetch, Chrome", Cancelled, "user aborted a request|signal is aborted"),
    row("Deno", Cancelled, "signal has been aborted"),
    row("Safari", Cancelled, "Fetch is aborted|^cancelled$"),
    row("Chrome", Cancelled, "BodyStreamBuffer was aborted"),
    row("openai, old SDK", Cancelled, "Request was aborted|AbortError|Request aborted when"),
    row("axios", Cancelled, "ERR_CANCELED|^canceled$|CanceledError"),
    row("Go, Python", Cancelled, "context canceled|CancelledError|KeyboardInterrupt"),
];
