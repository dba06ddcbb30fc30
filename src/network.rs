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

/// Timeouts come first, since they come wrapped in "fetch failed" and in the words of an abort.
/// Seen by running each runtime against a local stub, where no thread is named.
pub(crate) const LOST: &[Lost] = &[
    row("DOM, all runtimes", Timeout, "TimeoutError|aborted due to timeout|signal timed out"),
    row("undici", Timeout, "UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT"),
    row("undici", Timeout, "Headers Timeout Error|Body Timeout Error"),
    row("undici", Network, "UND_ERR_CONNECT_TIMEOUT|Connect Timeout Error"),
    row("Bun, Firefox, Safari", Timeout, "The operation timed out|The request timed out"),
    row("openai", Timeout, "Request timed out|APIConnectionTimeoutError"),
    row("axios", Timeout, "^timeout of & exceeded$"),
    row("axios in a browser", Cancelled, "^Request aborted$"),
    row("axios", Timeout, "ECONNABORTED"),
    row("node-fetch, got", Timeout, "network timeout at|ESOCKETTIMEDOUT|Timeout awaiting"),
    row("Python httpx, requests", Timeout, "ReadTimeout|WriteTimeout|PoolTimeout|Read timed out"),
    row("Python", Timeout, "read operation timed out|write operation timed out"),
    row("Go", Timeout, "context deadline exceeded|Client.Timeout exceeded"),
    row("Java", Timeout, "SocketTimeoutException|HttpTimeoutException|^timeout$"),
    row("curl, PHP", Timeout, "cURL error 28|Operation timed out"),
    row("reqwest", Timeout, "operation timed out"),
    row("clients' own timers", Timeout, "request timeout|timed out after|timeout exceeded"),
    row("clients' own timers", Timeout, "request timed out|timed out waiting|timeout after"),
    // The network in words, codes before sentences.
    row("Node", Network, "ECONNRESET|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT"),
    row("Node", Network, "EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EPROTO|ENETRESET"),
    row("Node", Network, "socket hang up|Client network socket disconnected|Premature close"),
    row("Node", Network, "ERR_STREAM_PREMATURE_CLOSE|ERR_SOCKET|ERR_HTTP2|ERR_SSL|ERR_TLS"),
    row("Node", Network, "unable to get local issuer certificate|self-signed certificate"),
    row("Node", Network, "certificate has expired|CERT_HAS_EXPIRED|unable to verify the first"),
    row("undici", Network, "UND_ERR_SOCKET|other side closed|^terminated$|TypeError: terminated"),
    row("Node, Deno", Network, "fetch failed"),
    row("Deno", Network, "error sending request|reading a body from connection|dns error"),
    row("Deno", Network, "client error (Connect)|connection closed before message completed"),
    row("Bun", Network, "Unable to connect. Is the computer|socket connection was closed"),
    row("Bun", Network, "ConnectionRefused|ConnectionClosed|FailedToOpenSocket|ConnectionReset"),
    row("workerd", Network, "Network connection lost|^internal error; reference ="),
    row("Chrome", Network, "Failed to fetch|^network error$|TypeError: network error"),
    row("Chrome", Network, "net::ERR_|ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED"),
    row("Firefox", Network, "NetworkError when attempting to fetch|Error in input stream"),
    row("Firefox", Network, "Error in body stream"),
    row("Safari", Network, "^Load failed|TypeError: Load failed|network connection was lost"),
    row("Safari", Network, "Internet connection appears to be offline"),
    row("Safari", Network, "server with the specified hostname could not be found"),
    row("Safari", Network, "Could not connect to the server|TLS error caused"),
    row("axios", Network, "ERR_NETWORK|^Network Error$|Error: Network Error"),
    row("openai", Network, "^Connection error.$|APIConnectionError|Error: Connection error."),
    row("AI SDK", Network, "Cannot connect to API"),
    row("React Native", Network, "Network request failed"),
    row("gRPC, google/generative-ai-docs#367", Network, "failed to connect to all addresses"),
    row("gRPC", Network, "No connection established|name resolution failed|DNS resolution failed"),
    row("Python urllib3, ZHO-ZHO-ZHO/ComfyUI-Gemini#11", Network, "Max retries exceeded"),
    row(
        "Python",
        Network,
        "Connection aborted|RemoteDisconnected|Server disconnected|ConnectError",
    ),
    row("Python", Network, "peer closed connection|RemoteProtocolError|Connection reset by peer"),
    row("Python", Network, "ConnectTimeout|Name or service not known|Connection refused"),
    row("Python", Network, "SSLEOFError|UNEXPECTED_EOF_WHILE_READING|EOF occurred in violation"),
    row("Go", Network, "dial tcp|unexpected EOF|no such host|TLS handshake timeout|i/o timeout"),
    row("Java", Network, "UnknownHostException|ConnectException|SocketException|Connection reset"),
    row("Dart", Network, "Failed host lookup|HandshakeException|Connection closed before full"),
    row("curl, PHP", Network, "cURL error|Could not resolve host|Failed to connect to"),
    row("OkHttp, Netty", Network, "unexpected end of stream|Connection prematurely closed"),
    // An abort last: its words stand in timeouts too.
    row("Node, undici", Cancelled, "AbortError|operation was aborted|UND_ERR_ABORTED|ABORT_ERR"),
    row("node-fetch, Chrome", Cancelled, "user aborted a request|signal is aborted"),
    row("Deno", Cancelled, "signal has been aborted"),
    row("Safari", Cancelled, "Fetch is aborted|^cancelled$"),
    row("Chrome", Cancelled, "BodyStreamBuffer was aborted"),
    row("openai", Cancelled, "Request was aborted|APIUserAbortError"),
    row("axios", Cancelled, "ERR_CANCELED|^canceled$|CanceledError"),
    row("old SDK", Cancelled, "Request aborted when fetching"),
    row("Go", Cancelled, "context canceled"),
    row("Python", Cancelled, "CancelledError|KeyboardInterrupt"),
];
