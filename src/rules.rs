//! The rules: one table, read from the top, of which the first row that fits decides.
//!
//! The order is that of the evidence: limit 0, violations, reasons, status; sentences refine what
//! a status leaves open, and decide where there is none. Each row names where its case is public:
//! `owner/repo#n` an issue, `forum n` a thread of discuss.ai.google.dev.

use crate::kind::Kind;
use crate::kind::Kind::{
    Billing, Blocked, Cancelled, DailyQuota, Forbidden, InvalidRequest, ModelNotFound, Network,
    NoImage, NotInTier, Overloaded, RateLimited, ServerError, SpendLimited, Timeout, TooLarge,
    Unauthenticated, Unknown,
};

/// What a row looks for.
#[derive(Clone, Copy)]
pub(crate) enum Look {
    /// Nothing more than the class of status.
    Any,
    /// A limit of 0.
    Zero,
    /// The deciding limit is per day.
    PerDay,
    /// The deciding limit is per minute.
    PerMinute,
    /// The server asks for an hour or more.
    Hours,
    /// An answer with a picture.
    Picture,
    /// A code, reason or name in capitals; `|` sets alternatives apart.
    Word(&'static str),
    /// A name that begins so.
    Label(&'static str),
    /// A sentence; `|` sets alternatives apart, `&` parts that must all be there, and `^` and `$`
    /// are its ends.
    Says(&'static str),
    /// Any row of [`crate::network::LOST`] except an abort.
    Lost,
    /// Any row of it.
    LostOrAborted,
}

/// A row of the table.
pub(crate) struct Rule {
    /// The classes of status in which it counts.
    pub(crate) when: u16,
    /// What it looks for.
    pub(crate) look: Look,
    /// What that means.
    pub(crate) kind: Kind,
}

/// The source is for the reader, and does not reach the wasm.
const fn rule(when: u16, look: Look, kind: Kind, source: &'static str) -> Rule {
    let _ = source;
    Rule { when, look, kind }
}

/// No status at all.
pub(crate) const NONE: u16 = 1;
const OK: u16 = 1 << 1;
const BAD: u16 = 1 << 2;
const AUTH: u16 = 1 << 3;
const PAY: u16 = 1 << 4;
const DENY: u16 = 1 << 5;
const GONE: u16 = 1 << 6;
const SLOW: u16 = 1 << 7;
const BIG: u16 = 1 << 8;
const RATE: u16 = 1 << 9;
const FAIL: u16 = 1 << 10;
const BUSY: u16 = 1 << 11;

/// Where a limit can be meant.
const LIMIT: u16 = NONE | RATE | DENY | PAY | FAIL | BUSY;
/// Where money can be.
const MONEY: u16 = LIMIT | BAD | AUTH;
/// Where the key, the caller or the request can be.
const CALLER: u16 = NONE | BAD | AUTH | DENY;
/// Where the service can be.
const SERVICE: u16 = NONE | FAIL | BUSY;

/// The class of an HTTP status.
pub(crate) const fn class(status: u16) -> u16 {
    match status {
        200..=299 => OK,
        401 => AUTH,
        402 => PAY,
        403 | 407 | 451 => DENY,
        404 | 410 => GONE,
        408 | 504 | 522 | 524 | 598 | 599 => SLOW,
        413 | 414 | 431 => BIG,
        429 => RATE,
        499..=502 | 505..=521 | 523 | 525..=528 | 530..=597 => FAIL,
        503 | 529 => BUSY,
        _ => BAD,
    }
}

use Look::{Any, Hours, Label, Lost, LostOrAborted, PerDay, PerMinute, Picture, Says, Word, Zero};

/// The table.
pub(crate) const RULES: &[Rule] = &[
    // 200 without a picture.
    rule(OK, Picture, Unknown, "an answer with a picture is no error"),
    rule(OK | NONE, Label("block "), Blocked, "googleapis/python-genai#774"),
    rule(
        OK | NONE,
        Word(
            "finish SAFETY|finish PROHIBITED_CONTENT|finish BLOCKLIST|finish SPII|\
             finish RECITATION|finish LANGUAGE|finish IMAGE_SAFETY|finish content_filter|\
             finish IMAGE_PROHIBITED_CONTENT|finish IMAGE_RECITATION|finish MODEL_ARMOR",
        ),
        Blocked,
        "FinishReason of @google/genai 3.1.0; langchain4j/langchain4j#5256 for the open list",
    ),
    rule(OK | NONE, Label("finish "), NoImage, "BerriAI/litellm#20357, pydantic/pydantic-ai#631"),
    rule(OK, Any, NoImage, "ENTERPILOT/GoModel#853, nghyane/launchdock#10"),
    // Limit 0, whatever else stands there.
    rule(LIMIT, Zero, NotInTier, "google-gemini/gemini-cli#27698, #8437; forum 123906"),
    rule(
        LIMIT,
        Says("free quota tier|no free tier|not available in the free tier|have a free tier"),
        NotInTier,
        "ymichael/open-codex#28",
    ),
    // Money.
    rule(MONEY, Says("spend-based rate limit|spend based rate"), SpendLimited, "(code)"),
    rule(
        MONEY,
        Says("spending cap|spend cap|spending limit|prepayment credit|prepaid credit"),
        Billing,
        "dyad-sh/dyad#3626, forum 170775, forum 183654",
    ),
    rule(
        MONEY,
        Word(
            "billing_not_active|BILLING_DISABLED|insufficient_user_quota|insufficient_quota|\
             payment_required|insufficient_balance|insufficient_credits|\
             pre_consume_token_quota_failed",
        ),
        Billing,
        "songquanpeng/one-api#1270; google.api.ErrorReason",
    ),
    rule(PAY, Any, Billing, "QwenLM/qwen-code#73; OpenRouter's 402"),
    rule(
        MONEY,
        Says(
            "billing to be enabled|billed users|enable billing|billing is not active|\
             billing is disabled|billing has not been enabled|requires billing|billing not enabled",
        ),
        Billing,
        "ammaarreshi/openjourney#1",
    ),
    rule(
        MONEY,
        Says(
            "额度不足|余额不足|额度已用尽|欠费|quota is not enough|credits are depleted|\
             insufficient balance|insufficient credit|balance is insufficient|out of credits|\
             not enough credits|more credits|insufficient funds|credit balance",
        ),
        Billing,
        "songquanpeng/one-api#1270, tailcallhq/forgecode#571",
    ),
    // A relay that does not serve the model, whatever number it says so with.
    rule(
        SERVICE | BAD | DENY | GONE | RATE,
        Says("无可用渠道|no available channel|no channel available|no available distributor"),
        ModelNotFound,
        "Dooy/chatgpt-web-midjourney-proxy#602",
    ),
    // Limits and capacity.
    rule(LIMIT, PerDay, DailyQuota, "voideditor/void#557, google-gemini/gemini-cli#10925"),
    rule(LIMIT, PerMinute, RateLimited, "googleapis/js-genai#1322"),
    rule(
        SERVICE | RATE,
        Word("MODEL_CAPACITY_EXHAUSTED|overloaded_error|engine_overloaded"),
        Overloaded,
        "google-gemini/gemini-cli#25179, #14831",
    ),
    rule(
        SERVICE | RATE,
        Says("no capacity available|Resource exhausted. Please try again"),
        Overloaded,
        "google-gemini/gemini-cli#25179; Vertex's error-code-429 page",
    ),
    rule(
        NONE | RATE,
        Word("QUOTA_EXHAUSTED|quota_exceeded|dailyLimitExceeded"),
        DailyQuota,
        "google-gemini/gemini-cli#29425; the Interactions API's page of errors",
    ),
    rule(NONE | RATE, Hours, DailyQuota, "google-gemini/gemini-cli#29425"),
    rule(
        NONE | RATE,
        Says("per day|daily limit|daily quota|daily request|limit for today|requests today"),
        DailyQuota,
        "google-gemini/gemini-cli#10925",
    ),
    rule(
        RATE,
        Says("model is overloaded|experiencing high demand|currently overloaded"),
        Overloaded,
        "google-gemini/gemini-cli#25179",
    ),
    rule(
        RATE,
        Any,
        RateLimited,
        "Aider-AI/aider#2597, voidpenguin-28/Textractor-ExtraExtensions#3",
    ),
    // The key.
    rule(
        CALLER,
        Word(
            "API_KEY_INVALID|API_KEY_EXPIRED|CREDENTIALS_MISSING|ACCESS_TOKEN_EXPIRED|\
             ACCESS_TOKEN_TYPE_UNSUPPORTED|invalid_api_key|authentication_error|authentication",
        ),
        Unauthenticated,
        "continuedev/continue#11336",
    ),
    rule(
        CALLER,
        Word(
            "API_KEY_SERVICE_BLOCKED|API_KEY_HTTP_REFERRER_BLOCKED|API_KEY_IP_ADDRESS_BLOCKED|\
             API_KEY_ANDROID_APP_BLOCKED|API_KEY_IOS_APP_BLOCKED|SERVICE_DISABLED|API_DISABLED|\
             CONSUMER_SUSPENDED|CONSUMER_INVALID|USER_PROJECT_DENIED|IAM_PERMISSION_DENIED|\
             ACCESS_TOKEN_SCOPE_INSUFFICIENT|unsupported_country_region_territory",
        ),
        Forbidden,
        "mhawksey/GeminiApp#10, coaidev/coai#67",
    ),
    rule(
        CALLER,
        Says(
            "API key not valid|API key expired|API key not found|API key is invalid|\
             invalid API key|incorrect API key|reported as leaked|unregistered callers|\
             invalid authentication cred|API keys are not supported|API key must be set|\
             API key is missing|missing API key|API key is required|no API key|\
             could not load the default credentials|pass a valid API key",
        ),
        Unauthenticated,
        "continuedev/continue#11336, googleapis/python-genai#1764",
    ),
    // The place, the project, the right.
    rule(
        CALLER | GONE,
        Says(
            "location is not supported|not available in your country|not supported in your|\
             not available in your region|not available in your location|country, region, or",
        ),
        Forbidden,
        "chatboxai/chatbox#2280, if-ai/ComfyUI-IF_Gemini#15",
    ),
    rule(
        CALLER,
        Says(
            "Requests from referer|Requests to this API & are blocked|are blocked.$|\
             has not been used in project|does not have permission|has been suspended|\
             denied access|not allowed to use Publisher Model",
        ),
        Forbidden,
        "mhawksey/GeminiApp#10, coaidev/coai#67, yym68686/uni-api#41",
    ),
    // The model.
    rule(
        CALLER | GONE | FAIL | BUSY,
        Word("model_not_found|model_not_available|model_not_supported"),
        ModelNotFound,
        "the Interactions API's page of errors; QuantumNous/new-api",
    ),
    rule(
        CALLER | GONE,
        Says(
            "is not found for API version|no longer available|is not supported for generateContent|\
             model not found|model does not exist|unknown model|model & does not exist|\
             is not supported for predict|was not found or your project|model & has been deprecated|\
             model & has been shut down|model is not available|not supported model",
        ),
        ModelNotFound,
        "thedotmack/claude-mem#3278, yym68686/uni-api#41, if-ai/ComfyUI-IF_Gemini#15",
    ),
    // The size.
    rule(
        NONE | BAD | BIG | FAIL,
        Says(
            "payload size exceeds|input token count & exceeds|maximum number of tokens allowed|\
             entity too large|payload too large|content too large|request is too large|\
             request body too large|request size exceeds|exceeds the maximum allowed size|\
             FUNCTION_PAYLOAD_TOO_LARGE|context length|prompt is too long",
        ),
        TooLarge,
        "google-gemini/deprecated-generative-ai-android#26, google-gemini/gemini-cli#13776, #15184",
    ),
    // The prompt or the picture.
    rule(
        NONE | BAD | DENY,
        Word(
            "PROHIBITED_CONTENT|IMAGE_SAFETY|IMAGE_PROHIBITED_CONTENT|IMAGE_RECITATION|SPII|\
             BLOCKLIST|RECITATION|safety|content_filter|content_blocked|image_other|\
             content_policy_violation|moderation_blocked",
        ),
        Blocked,
        "u14app/neo-chat#17; the Interactions API's page of errors",
    ),
    rule(
        NONE | BAD | DENY,
        Says(
            "Responsible AI|was blocked due to|blocked due to|blocked by safety|safety filter|\
             was blocked by|prompt was blocked|response was blocked|content policy|\
             blocked for safety|safety reasons|prohibited content|request was blocked|\
             prompt could not be submitted|violates our|usage guidelines|filtered out because|\
             blocked because|content blocked|prompt blocked",
        ),
        Blocked,
        "googleapis/js-genai#321",
    ),
    // Statuses of a caller's fault, by themselves.
    rule(BAD, Word("ABORTED"), ServerError, "google/rpc/code.proto: retry at a higher level"),
    rule(BAD, Any, InvalidRequest, "egoist/chatwise-releases#799, livekit/agents#3723"),
    rule(AUTH, Any, Unauthenticated, "google/rpc/code.proto"),
    rule(DENY, Any, Forbidden, "google/rpc/code.proto"),
    rule(GONE, Any, ModelNotFound, "googleapis/js-genai#930"),
    rule(BIG, Any, TooLarge, "google-gemini/gemini-cli#13776"),
    // The service and the way to it.
    rule(SLOW, Any, Timeout, "https://ai.google.dev/gemini-api/docs/troubleshooting"),
    rule(
        SERVICE,
        Says("deadline expired|deadline exceeded|DEADLINE_EXCEEDED"),
        Timeout,
        "googleapis/python-genai#1808",
    ),
    rule(
        FAIL,
        Word("convert_request_failed|UNIMPLEMENTED"),
        InvalidRequest,
        "QuantumNous/new-api#1139",
    ),
    rule(
        SERVICE,
        Says("负载已饱和|load is saturated|load saturated|upstream load"),
        Overloaded,
        "0x676e67/ninja#498, WEIFENG2333/VideoCaptioner#1120",
    ),
    rule(
        SERVICE,
        Says(
            "is overloaded|experiencing high demand|currently overloaded|^Overloaded$|UNAVAILABLE",
        ),
        Overloaded,
        "forum 109581",
    ),
    rule(FAIL | BUSY, Lost, Network, "musistudio/claude-code-router#537"),
    rule(BUSY, Any, Overloaded, "forum 109581"),
    rule(FAIL, Any, ServerError, "googleapis/python-genai#2506, google-gemini/gemini-cli#20309"),
    rule(NONE, LostOrAborted, Network, "one row a runtime in network.rs"),
    // Texts without any status.
    rule(
        NONE,
        Says(
            "exceeded your current quota|Quota exceeded|rate limit|too many requests|\
             has been exhausted|exhausted your capacity|quota will reset|usage limit reached|\
             RESOURCE_EXHAUSTED|ratelimit|rate-limited|quota reached|exceeded & quota|slow down",
        ),
        RateLimited,
        "NousResearch/hermes-agent#38804, Wei-Shaw/sub2api#5443",
    ),
    rule(
        NONE,
        Says(
            "Service Unavailable|service is currently unavailable|temporarily unavailable|try again later",
        ),
        Overloaded,
        "RFC 9110",
    ),
    rule(NONE, Says("Gateway Timeout|Gateway Time-out|deadline"), Timeout, "RFC 9110"),
    rule(
        NONE,
        Says(
            "Internal Server Error|Internal error encountered|internal error has occurred|\
             Bad Gateway|server error|operation was cancelled",
        ),
        ServerError,
        "RFC 9110",
    ),
    rule(NONE, Word("cancelled|api_error"), ServerError, "the Interactions API's page of errors"),
    rule(NONE, Word("service_unavailable"), Overloaded, "the Interactions API's page of errors"),
    rule(NONE, Word("too_many_requests|rate_limit_error"), RateLimited, "OpenAI-compatible relays"),
    rule(
        NONE,
        Word(
            "failed_precondition|invalid_request|parameter_unknown|invalid_request_error|out_of_range",
        ),
        InvalidRequest,
        "the Interactions API's page of errors",
    ),
    rule(
        NONE,
        Word("permission_denied|permission_error"),
        Forbidden,
        "the Interactions API's page",
    ),
    rule(NONE, Word("not_found|not_found_error"), ModelNotFound, "the Interactions API's page"),
    rule(NONE, Says("^Unauthorized$"), Unauthenticated, "RFC 9110"),
    rule(NONE, Says("^Forbidden$|permission denied|^Permission Denied"), Forbidden, "RFC 9110"),
    rule(NONE, Says("^Not Found$"), ModelNotFound, "RFC 9110"),
    rule(
        NONE,
        Says("^Bad Request$|invalid argument|Invalid JSON payload"),
        InvalidRequest,
        "RFC 9110",
    ),
    rule(
        NONE,
        Says(
            "no image|not return an image|did not contain an image|without an image|\
             not generate an image|no images|image data not found|did not return any image|\
             not contain image|unable to generate an image",
        ),
        NoImage,
        "ENTERPILOT/GoModel#853",
    ),
    rule(NONE, Word("no_image|malformed_function_call"), NoImage, "pydantic/pydantic-ai#631"),
    rule(NONE, Word("missing_thought_signature"), InvalidRequest, "langgenius/dify#2262"),
    rule(NONE, Says("aborted by user|cancelled by user|canceled by user"), Cancelled, "(code)"),
];
