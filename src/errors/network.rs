//! The words of runtimes and clients for no answer: lost connections, timeouts, aborts.

use crate::errors::kind::Kind;
use crate::errors::kind::Kind::{Cancelled, Network, Timeout};

/// One way in which a runtime says that no answer came.
pub(crate) struct Lost {
    /// The words for it, as in [`crate::errors::rules::Look::Says`].
    pub(crate) says: &'static str,
    /// The kind that these words mean.
    pub(crate) kind: Kind,
}

/// Builds a row; the runtime is for the reader, and does not reach the wasm.
const fn row(runtime: &'static str, kind: Kind, says: &'static str) -> Lost {
    let _ = runtime;
    Lost { says, kind }
}

/// The words for a certificate of the service that is not trusted: the same on every try, until a
/// person installs an authority or mends the address. OpenSSL's codes (node:tls), Python's `ssl`,
/// Go's `x509`, Java's PKIX, .NET, Android, NSURLErrorDomain -1201 to -1204, curl 60.
pub(crate) const UNTRUSTED: &str = "self-signed cert|self signed cert|SELF_SIGNED_CERT|\
    local issuer cert|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|unable to verify the first|\
    certificate has expired|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|CERT_UNTRUSTED|CERT_REVOKED|\
    CERT_SIGNATURE_FAILURE|CERT_CHAIN_TOO_LONG|CERT_REJECTED|ERR_TLS_CERT_ALTNAME|ERR_CERT_|\
    CERTIFICATE_VERIFY_FAILED|certificate verify failed|certificate verification failed|\
    x509: certificate|x509: cannot validate|certificate signed by unknown|\
    failed to verify certificate|\
    PKIX path|CertPathValidator|Trust anchor for certification path|SSLPeerUnverified|\
    RemoteCertificate|remote certificate is invalid|remote certificate was rejected|\
    SSL certificate problem|InvalidCertificate|UnknownIssuer|invalid peer certificate|\
    certificate is not trusted|certificate for this server is invalid|bad certificate]|\
    NSURLErrorDomain Code=-1201|NSURLErrorDomain Code=-1202|NSURLErrorDomain Code=-1203|\
    NSURLErrorDomain Code=-1204|SEC_ERROR_UNKNOWN_ISSUER|SSL_ERROR_BAD_CERT|\
    unable to get certificate|CertificateError";

/// The words for a request that never left: the name, the way, the connection or TLS failed, or the
/// token that it was to carry. Nothing can have been billed.
pub(crate) const UNSENT: &str = "ECONNREFUSED|^ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|\
    EADDRNOTAVAIL|CONNECT_TIMEOUT|bad port|dns error|client error (Connect)|ConnectionRefused|\
    Unable to connect. Is the computer|Could not resolve host|Could not connect to the server|\
    specified hostname could not|no such host|UnknownHost|ERR_NAME_NOT_RESOLVED|\
    ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|Connection refused|Failed host lookup|\
    Name or service not known|Temporary failure in name resolution|Unable to resolve host|\
    nodename nor servname|getaddrinfo|Failed to open TCP connection|ConnectTimeout|\
    Cannot connect to host|Connect call failed|Failed to establish a new connection|\
    error trying to connect|tcp connect error|dial tcp|Failed to connect to|No route to host|\
    Network is unreachable|No such host is known|actively refused it|appears to be offline|\
    NSURLErrorDomain & -1003|NSURLErrorDomain & -1004|NSURLErrorDomain & -1009|\
    NSURLErrorDomain & -1200|^EPROTO$|ERR_SSL|ERR_TLS|SSLV3_ALERT|TLS handshake|\
    handshake_failure|HandshakeException|SSLHandshake|wrong version number|ssl:default|\
    before secure TLS connection|SSL connection could not be established|SSL routines|\
    TLS error caused|SSL_connect|WRONG_VERSION_NUMBER|oauth2.googleapis.com/token|\
    HTTP Tunneling|Tunnel connection failed|tunneling socket could not";

/// Timeouts come first, since they come wrapped in "fetch failed" and in the words of an abort.
/// Seen by running each runtime against a local stub, where no thread is named.
pub(crate) const LOST: &[Lost] = &[
    row("DOM, all runtimes", Timeout, "TimeoutError|aborted due to timeout|signal timed out"),
    row("undici", Timeout, "HEADERS_TIMEOUT|BODY_TIMEOUT|Headers Timeout|Body Timeout"),
    row("undici", Network, "CONNECT_TIMEOUT|Connect Timeout"),
    row("Ruby, benwbrum/fromthepage#5401", Network, "OpenTimeout|Failed to open TCP connection"),
    row("Dio", Network, "[connection timeout]|connectTimeout"),
    row(
        "Java, OkHttp",
        Network,
        "HttpConnectTimeout|connect timed out|failed to connect to &after",
    ),
    row("Bun, Firefox, Safari, curl, reqwest", Timeout, "operation timed out|request timed out"),
    row("reqwest, hyper", Timeout, "source: TimedOut|kind: TimedOut|TimedOut$"),
    row("NSURLErrorDomain", Timeout, "NSURLErrorDomain Code=-1001|NSURLErrorDomain error -1001"),
    row("NSURLErrorDomain", Cancelled, "NSURLErrorDomain Code=-999|NSURLErrorDomain error -999"),
    row("openai", Timeout, "APIConnectionTimeoutError|APITimeoutError"),
    row("axios in a browser", Cancelled, "^Request aborted$"),
    row("axios", Timeout, "^timeout of|Error: timeout of|ECONNABORTED"),
    row("node-fetch, got", Timeout, "network timeout at|ESOCKETTIMEDOUT|Timeout awaiting"),
    row("Python", Timeout, "ReadTimeout|WriteTimeout|Read timed out|read operation timed out"),
    row("Go", Timeout, "context deadline exceeded|Client.Timeout exceeded|timeout awaiting resp"),
    row("Java, .NET", Timeout, "SocketTimeout|HttpTimeout|^timeout$|HttpClient.Timeout"),
    row("OkHttp, Dio", Timeout, "InterruptedIOException: timeout|[receive timeout]|[send timeout]"),
    row("Java, Kotlin", Timeout, "HttpRequestTimeoutException|ReadTimeoutException"),
    row("curl", Timeout, "curl: (28)|cURL error 28"),
    row("clients' own timers", Timeout, "request timeout|timed out after|timeout after"),
    row("JAX-RS, gemini_webapi", Timeout, "timeout period & exceeded|Response stalled"),
    // The network in words, codes before sentences.
    row("OpenSSL, Go, Java, .NET, Swift", Network, UNTRUSTED),
    row("Node", Network, "ECONNRESET|ECONNREFUSED|^ENOTFOUND|EAI_AGAIN|^EPIPE$|ETIMEDOUT"),
    row("Node", Network, "EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|^EPROTO$"),
    row("Node", Network, "socket hang up|socket disconnected|Premature close|ERR_SOCKET"),
    row("Node", Network, "ERR_HTTP2|ERR_SSL|ERR_TLS|SSL routines|tlsv1 alert"),
    row("undici", Network, "UND_ERR_SOCKET|other side closed|^terminated$|TypeError: terminated"),
    row("Node, Deno, musistudio/claude-code-router#537", Network, "fetch failed"),
    row("Deno, reqwest", Network, "error sending request|reading a body from connection"),
    row(
        "Deno",
        Network,
        "http2 error|dns error|client error (Connect)|closed before message completed",
    ),
    row("node-fetch, Supabase", Network, "failed, reason|Failed to send a request"),
    row("Bun", Network, "Unable to connect. Is the computer|socket connection was closed"),
    row("Bun", Network, "ConnectionRefused|ConnectionClosed|FailedToOpenSocket"),
    row("workerd", Network, "network connection lost|^internal error; reference ="),
    row("Chrome", Network, "Failed to fetch|^network error$|Error: network error|net::ERR_"),
    row("Firefox", Network, "NetworkError when attempting|Error in input stream|in body stream"),
    row("Safari", Network, "^Load failed|Load failed$|network connection was lost"),
    row("Safari", Network, "appears to be offline|specified hostname could not be found"),
    row("Safari", Network, "Could not connect to the server|TLS error caused"),
    row(
        "Swift, in any language",
        Network,
        "NSURLErrorDomain Code=-1|NSURLErrorDomain error -1|kCFErrorDomainCFNetwork",
    ),
    row("axios", Network, "ERR_NETWORK|stream has been aborted"),
    row("openai", Network, "^Connection error.$|APIConnectionError|Error: Connection error."),
    row("AI SDK, React Native", Network, "Cannot connect to API|Network request failed"),
    row(
        "gRPC, google/generative-ai-docs#367",
        Network,
        "failed to connect to|resolution failed|No connection established|^Socket closed$|\
         UNAVAILABLE & Socket closed|recvmsg:|Connection dropped|Received RST_STREAM",
    ),
    // Bodies that were cut.
    row(
        "got, gaxios, make-fetch-happen, @hapi/wreck, centra, request",
        Network,
        "Invalid response body while trying|stream closed prematurely|Server aborted request|\
         server aborted pending|Error: aborted$|Content-Length mismatch|CONTENT_LENGTH_MISMATCH|\
         body length & does not match",
    ),
    row(
        "V8's and Go's JSON, of half an answer",
        Network,
        "Unexpected end of JSON input|Unterminated string in JSON|Unexpected end of input|\
         Expected & in JSON at position|end of file before message length",
    ),
    row(
        "@google/generative-ai, @google/genai",
        Network,
        "Error reading from the stream|Incomplete JSON segment|Failed to parse stream",
    ),
    row(
        "Python, open-webui/pipelines#564",
        Network,
        "Response payload is not completed|Not enough data to satisfy|IncompleteRead|\
         ChunkedEncodingError|ContentLengthError",
    ),
    row(
        "Python, ZHO-ZHO-ZHO/ComfyUI-Gemini#11",
        Network,
        "Max retries exceeded with url|ConnectError|ConnectionError|NewConnectionError",
    ),
    row("Python", Network, "Connection aborted|Server disconnected|peer closed connection"),
    row("Python, Go, Java", Network, "Connection reset|Connection refused|ConnectTimeout"),
    row("Python", Network, "Name or service not known|UNEXPECTED_EOF|name resolution"),
    row(
        "aiohttp, requests, httpx, xtekky/gpt4free#1884",
        Network,
        "Cannot connect to host|Connect call failed|RemoteDisconnected|RemoteProtocolError|\
         Remote end closed connection|httpx.ReadError|httpcore.ReadError|ReadError$|WriteError$|\
         ServerDisconnectedError|ClientOSError|EOF occurred in violation|ProxyError|gaierror",
    ),
    row("Go", Network, "dial tcp|unexpected EOF|no such host|TLS handshake timeout|i/o timeout"),
    row(
        "Go",
        Network,
        "use of closed network connection|server closed idle connection|generateContent: EOF$",
    ),
    row(
        "HTTP/2, goproxy/goproxy#35",
        Network,
        "GOAWAY|RST_STREAM|REFUSED_STREAM|NGHTTP2_|http2: client connection lost|\
         http2: server|http2: Transport|stream error: stream ID|stream was reset|received from peer",
    ),
    row("Java, Dart", Network, "UnknownHost|Failed host lookup|unexpected end of stream"),
    row(
        "Java, Kotlin, Android",
        Network,
        "java.net.ConnectException|java.net.SocketException|NoRouteToHost|Unable to resolve host|\
         SSLHandshake|SSLException|java.io.EOFException|StreamReset|ConnectionShutdown|\
         ClosedChannel|prematurely closed|failed to respond|Failed to connect to|\
         Software caused connection abort|Broken pipe|java.net.NoRoute|PortUnreachable|\
         header parser received no bytes|HTTP/1.1 header parser",
    ),
    row(
        "Rust, seanmonstar/reqwest#1143",
        Network,
        "IncompleteMessage|tcp connect error|error trying to connect|error reading a body|\
         error decoding response body|hyper::Error|connection closed before|UnexpectedEof|\
         ConnectionReset|BrokenPipe|received fatal alert|request or response body error",
    ),
    row(
        ".NET",
        Network,
        "No such host is known|actively refused it|forcibly closed by the remote|\
         error occurred while sending the request|response ended prematurely|ResponseEnded|\
         Error while copying content to a stream|Unable to read data from the transport|\
         SSL connection could not be established|connected party did not properly respond|\
         did not return a response & connection",
    ),
    row(
        "Dart, babakcode/flutter_gemini#41",
        Network,
        "DioException [connection error]|XMLHttpRequest onError|XMLHttpRequest error|\
         SocketException|HandshakeException|\
         Connection closed before full header|Connection closed while receiving|\
         before full body was received",
    ),
    row(
        "Ruby",
        Network,
        "end of file reached|EOFError|ConnectionFailed|SSL_connect|OpenSSL::SSL|\
         HTTP::ConnectionError|^SocketError|getaddrinfo|nodename nor servname",
    ),
    row(
        "curl, PHP",
        Network,
        "cURL error|^curl: (|Could not resolve host|Empty reply from server|Recv failure|\
         Send failure|SSL_ERROR_SYSCALL|stream_socket_client",
    ),
    row(
        "Elixir: Mint, Finch, hackney",
        Network,
        "TransportError|HTTPoison.Error|Finch.Error|Mint.HTTPError|nxdomain",
    ),
    row(
        "POSIX",
        Network,
        "Network is unreachable|No route to host|Network is down|Connection timed out|\
         Host is unreachable|Address family not supported",
    ),
    // An abort last: its words stand in timeouts too.
    row("Node, undici", Cancelled, "AbortError|operation was aborted|UND_ERR_ABORTED|ABORT_ERR"),
    row("node-fetch, Chrome", Cancelled, "user aborted a request|signal is aborted"),
    row("Deno", Cancelled, "signal has been aborted"),
    row("Safari", Cancelled, "Fetch is aborted|^cancelled$"),
    row("Chrome", Cancelled, "BodyStreamBuffer was aborted"),
    row("openai, old SDK", Cancelled, "Request was aborted|AbortError|Request aborted when"),
    row("axios", Cancelled, "ERR_CANCELED|^canceled$|CanceledError"),
    row("Go, Python", Cancelled, "context canceled|CancelledError|KeyboardInterrupt"),
    row("Dio", Cancelled, "[request cancelled]|manually cancelled by the user"),
    row("Kotlin, .NET", Cancelled, "CancellationException|TaskCanceledException|task was canceled"),
];
