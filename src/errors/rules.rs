//! The rules: one table, read from the top, of which the first row that fits decides.
//!
//! The order is that of the evidence: limit 0, violations, reasons, status; sentences refine what
//! a status leaves open, and decide where there is none. Each row names where its case is public:
//! `owner/repo#n` an issue, `forum n` a thread of discuss.ai.google.dev, `interactions` the
//! Interactions API's page of errors.

use crate::errors::kind::Kind;
use crate::errors::kind::Kind::{
    Billing, Blocked, Cancelled, DailyQuota, Forbidden, InvalidRequest, ModelNotFound, Network,
    NoImage, NotInTier, Overloaded, RateLimited, ServerError, SpendLimited, Timeout, TooLarge,
    Unauthenticated, Unknown,
};

/// The condition of a row.
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
    /// A sentence, or a code, reason or name in capitals, whatever its case and signs; `|` sets
    /// alternatives apart, `&` parts that must all be there, and `^` and `$` are the ends.
    Says(&'static str),
    /// Any row of [`crate::errors::network::LOST`] except an abort.
    Lost,
    /// Any row of it.
    LostOrAborted,
}

/// A row of the table.
pub(crate) struct Rule {
    /// The classes of status in which it counts.
    pub(crate) when: u16,
    /// The condition beside the class of status.
    pub(crate) look: Look,
    /// The kind that this means.
    pub(crate) kind: Kind,
}

/// Builds a row; the source is for the reader, and does not reach the wasm.
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
/// Too many requests.
pub(crate) const RATE: u16 = 1 << 9;
const FAIL: u16 = 1 << 10;
const BUSY: u16 = 1 << 11;

/// The classes in which a limit can be meant.
const LIMIT: u16 = NONE | RATE | DENY | PAY | FAIL | BUSY;
/// The classes in which money can be meant.
const MONEY: u16 = LIMIT | BAD | AUTH;
/// The classes in which the key, the caller or the request can be meant.
const CALLER: u16 = NONE | BAD | AUTH | DENY;
/// The classes in which the service can be meant.
const SERVICE: u16 = NONE | FAIL | BUSY;

/// The words for a quota.
pub(crate) const QUOTA: &str = "quota exceeded|exceeded your current quota|RESOURCE_EXHAUSTED|ResourceExhausted|\
     exceeded & quota|quota & is 0|quota of 0|free_tier";

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

use Look::{Any, Hours, Lost, LostOrAborted, PerDay, PerMinute, Picture, Says, Zero};

/// All rules, from the first that is tried to the last.
pub(crate) const RULES: &[Rule] = &[
    // 200 without a picture.
    rule(OK, Picture, Unknown, "an answer with a picture is no error"),
    rule(
        OK | NONE,
        Says(
            "^block for |^finish for SAFETY$|^finish for PROHIBITED_|^finish for BLOCKLIST$|^finish for SPII$|\
             ^finish for RECITATION$|^finish for LANGUAGE$|^finish for IMAGE_SAFETY$|^finish for MODEL_ARMOR$|\
             ^finish for content_filter$|^finish for IMAGE_PROHIBITED_|^finish for IMAGE_RECITATION$|\
             ^finish for ESCALATION$",
        ),
        Blocked,
        "googleapis/python-genai#774; langchain4j/langchain4j#5256 for the open list; @google/genai \
         3.3.0 types",
    ),
    rule(
        OK | NONE,
        Says("^finish for PUP_LIMITED"),
        Forbidden,
        "@google/genai 3.3.0 types: the account",
    ),
    rule(
        OK | NONE,
        Says("^finish for MISSING_THOUGHT_SIGNATURE$"),
        InvalidRequest,
        "@google/genai 3.3.0 types",
    ),
    rule(
        OK | NONE,
        Says("^finish for "),
        NoImage,
        "BerriAI/litellm#20357, pydantic/pydantic-ai#631",
    ),
    rule(OK, Lost, Network, "an answer that was cut: axios, urllib; a picture of it is lost"),
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
    rule(MONEY, Says("spend-based rate|spend based rate"), SpendLimited, "(code)"),
    rule(
        MONEY,
        Says(
            "spending cap|spend cap|spending limit|monthly spend|prepayment credit|prepaid credit|\
             billing_not_active|BILLING_DISABLED|billing to be enabled|billed users|\
             enable billing|billing is not active|billing is disabled|requires billing|\
             insufficient_user_quota|insufficient_quota|insufficient & balance|budget has been exceeded|budget_exceeded|\
             ^payment_required|Error: Payment Required$|\
             balance is insufficient|insufficient credit|credits are depleted|more credits|\
             out of credits|enough credits|insufficient funds|credit balance|\
             token_quota_failed|quota is not enough|billing_hard_limit|额度不足|余额不足|欠费|\
             预扣费|剩余额度|余额不够|额度已用尽|额度已耗尽|余额已用|请充值|账户余额|账户欠费|\
             balance is not enough|not enough balance|balance not enough|please recharge|\
             pre-consume & failed|pre-consume quota|overdue payment|balance is too low|top up your",
        ),
        Billing,
        "dyad-sh/dyad#3626, forum 170775, ammaarreshi/openjourney#1, songquanpeng/one-api#1270, \
         tailcallhq/forgecode#571, dfinke/PowerShellAI#127, clacky-ai/openclacky#100",
    ),
    rule(PAY, Any, Billing, "QwenLM/qwen-code#73, OpenRouter's 402"),
    // A relay that does not serve the model, whatever number it says so with.
    rule(
        SERVICE | BAD | DENY | GONE | RATE,
        Says("无可用渠道|no available channel|no channel available"),
        ModelNotFound,
        "Dooy/chatgpt-web-midjourney-proxy#602",
    ),
    // A relay that gives its own number to what a filter refused.
    rule(
        RATE,
        Says("PROHIBITED_CONTENT|ReasonProhibitedContent|IMAGE_SAFETY|content_filter"),
        Blocked,
        "immersive-translate/immersive-translate#2505",
    ),
    rule(NONE | RATE, Says("Request too large for"), TooLarge, "vanna-ai/vanna-flask#11"),
    rule(
        SERVICE | RATE | DENY,
        Says("每24小时|每日限额|每日额度|今日额度|当日额度|每日配额|今日配额|每日请求|每天请求"),
        DailyQuota,
        "Ethanlita/vfs-tracker#80, relays",
    ),
    // Limits and capacity.
    rule(LIMIT, PerDay, DailyQuota, "voideditor/void#557, google-gemini/gemini-cli#10925"),
    rule(LIMIT, PerMinute, RateLimited, "googleapis/js-genai#1322"),
    rule(
        SERVICE | RATE,
        Says(
            "MODEL_CAPACITY_EXHAUSTED|overloaded_error|no capacity available|\
             Resource exhausted. Please try again|is overloaded|experiencing high demand|\
             currently overloaded|^Overloaded$|out of capacity|no capacity left|at capacity|\
             insufficient capacity|lack of capacity|is currently loading|\
             model is loading|warming up",
        ),
        Overloaded,
        "google-gemini/gemini-cli#25179, #14831; Vertex's page error-code-429; forum 109581; \
         googleapis/google-cloud-java#11195",
    ),
    rule(
        NONE | RATE,
        Says(
            "^QUOTA_EXHAUSTED$|^code quota_exceeded$|dailyLimitExceeded|per day|daily limit|\
             daily quota|daily request|limit for today|reached your daily|your daily & quota",
        ),
        DailyQuota,
        "google-gemini/gemini-cli#29425, #10925; interactions",
    ),
    rule(NONE | RATE, Hours, DailyQuota, "google-gemini/gemini-cli#29425"),
    rule(RATE, Any, RateLimited, "Aider-AI/aider#2597, googleapis/js-genai#1840"),
    // The key.
    rule(
        CALLER,
        Says(
            "API_KEY_INVALID|API_KEY_EXPIRED|CREDENTIALS_MISSING|ACCESS_TOKEN_EXPIRED|\
             ACCESS_TOKEN_TYPE_UNSUPPORTED|authentication_error|^authentication$|\
             API key not valid|API key not found|API key is invalid|invalid API key|\
             incorrect API key|reported as leaked|unregistered callers|API key must be set|\
             invalid authentication cred|API keys are not supported|API key is missing|\
             missing API key|API key is required|default credentials|No API key|\
             provide an API key|API key not set|API key not configured|API key not provided",
        ),
        Unauthenticated,
        "continuedev/continue#11336, googleapis/python-genai#1764; interactions",
    ),
    // OAuth: the login is gone, whatever number the library or a relay gives it.
    rule(
        CALLER | GONE | FAIL | BUSY,
        Says(
            "invalid_grant|invalid_rapt|rapt_required|reauth related error|token refresh failed|\
             token has been expired or revoked|token has expired or been revoked|\
             unauthorized_client|invalid_client|^invalid_token|refresh access token|\
             Reauthentication is needed|reauthentication failed|No refresh token",
        ),
        Unauthenticated,
        "cline/cline#4080, GewoonJaap/gemini-cli-openai#161; RFC 6749 section 5.2",
    ),
    // The place, the project, the right.
    rule(
        CALLER | GONE,
        Says(
            "API_KEY_SERVICE_BLOCKED|REFERRER_BLOCKED|ADDRESS_BLOCKED|APP_BLOCKED|\
             SERVICE_DISABLED|API_DISABLED|CONSUMER_SUSPENDED|CONSUMER_INVALID|\
             USER_PROJECT_DENIED|IAM_PERMISSION_DENIED|SCOPE_INSUFFICIENT|\
             unsupported_country|location is not supported|not available in your|\
             not supported in your|Requests from referer|Requests to this API & are blocked|\
             has not been used in project|does not have permission|has been suspended|\
             denied access|not allowed to use Publisher Model|requires the & API & to be enabled|\
             API to be enabled|API is not enabled|API not enabled|enable the API|\
             or it is disabled. Enable it|violation of Terms|disabled in this account|\
             account has been disabled|account has been banned|account is banned|\
             ipRefererBlocked|referer restrictions|lack a & license|request a license|valid license",
        ),
        Forbidden,
        "mhawksey/GeminiApp#10, coaidev/coai#67, yym68686/uni-api#41, chatboxai/chatbox#2280, \
         if-ai/ComfyUI-IF_Gemini#15, firebase/flutterfire#17927",
    ),
    // The model.
    rule(
        CALLER | GONE | FAIL | BUSY,
        Says(
            "model_not_found|is not found for API version|no longer available to new|\
             issue with the selected model|may not exist or you|does not exist or you",
        ),
        ModelNotFound,
        "thedotmack/claude-mem#3278, if-ai/ComfyUI-IF_Gemini#15, QuantumNous/new-api; interactions",
    ),
    rule(
        CALLER,
        Says(
            "no longer available|is not supported for generateContent|unknown model|\
             model & does not exist|was not found or your project|model & been deprecated|\
             model & been shut down|model is not available",
        ),
        ModelNotFound,
        "yym68686/uni-api#41",
    ),
    // The size.
    rule(
        NONE | BAD | FAIL,
        Says(
            "payload size exceeds|input token count & exceeds|maximum number of tokens|\
             too large|request size exceeds|exceeds the maximum allowed size|context length|\
             prompt is too long|PAYLOAD_TOO_LARGE",
        ),
        TooLarge,
        "google-gemini/deprecated-generative-ai-android#26, google-gemini/gemini-cli#13776, #15184",
    ),
    // The prompt or the picture.
    rule(
        NONE | BAD | DENY,
        Says(
            "PROHIBITED_CONTENT|ReasonProhibitedContent|IMAGE_SAFETY|IMAGE_RECITATION|^SPII$|^BLOCKLIST$|^RECITATION$|\
             ^safety$|^language$|content_filter|content_blocked|^image_other$|content policy|\
             moderation_blocked|Responsible AI|blocked due to|was blocked|safety filter|\
             blocked for safety|blocked by safety|safety reasons|prompt could not be submitted|\
             violates our|violate our|\
             usage guidelines|filtered out because|content blocked|prompt blocked",
        ),
        Blocked,
        "u14app/neo-chat#17, googleapis/js-genai#321; interactions",
    ),
    // A relay says so with a number of its own.
    rule(
        FAIL | BUSY,
        Says(
            "PROHIBITED_CONTENT|ReasonProhibitedContent|IMAGE_SAFETY|IMAGE_RECITATION|\
             content_filter|content_blocked|content policy|content_policy|safety policy|moderation_blocked|safety filter|\
             blocked for safety|safety reasons|safety system|blocked by safety|\
             safety violation|Responsible AI|prompt blocked|prompt was blocked|\
             violates our|usage guidelines",
        ),
        Blocked,
        "jeffstric/ZJT#494",
    ),
    rule(
        SERVICE | BAD,
        Says("^no_image$|^malformed_function_call$"),
        NoImage,
        "pydantic/pydantic-ai#631; interactions",
    ),
    // Statuses of a caller's fault, by themselves.
    rule(
        BAD,
        Says("Response payload is not completed|Not enough data to satisfy"),
        Network,
        "open-webui/pipelines#564: 400 is aiohttp's name for a framing error",
    ),
    rule(BAD, Says("^ABORTED$"), ServerError, "google/rpc/code.proto: retry at a higher level"),
    rule(BAD, Any, InvalidRequest, "egoist/chatwise-releases#799, livekit/agents#3723"),
    rule(AUTH, Any, Unauthenticated, "google/rpc/code.proto"),
    rule(DENY, Any, Forbidden, "google/rpc/code.proto"),
    rule(GONE, Any, ModelNotFound, "googleapis/js-genai#930"),
    rule(BIG, Any, TooLarge, "google-gemini/gemini-cli#13776"),
    // The service and the way to it.
    rule(SLOW, Any, Timeout, "https://ai.google.dev/gemini-api/docs/troubleshooting"),
    rule(
        SERVICE,
        Says("deadline expired|deadline exceeded"),
        Timeout,
        "googleapis/python-genai#1808; interactions",
    ),
    rule(
        FAIL,
        Says("convert_request_failed|^UNIMPLEMENTED$"),
        InvalidRequest,
        "QuantumNous/new-api#1139",
    ),
    rule(BUSY, Says("too many & error responses"), Overloaded, "urllib3's Retry"),
    rule(FAIL, Says("too many & error responses"), ServerError, "urllib3's Retry"),
    // gRPC calls a connection that was never made UNAVAILABLE, or 503.
    rule(
        SERVICE,
        Lost,
        Network,
        "google/generative-ai-docs#367, musistudio/claude-code-router#537",
    ),
    rule(
        SERVICE,
        Says("负载已饱和|load is saturated|load saturated|^UNAVAILABLE$"),
        Overloaded,
        "0x676e67/ninja#498, WEIFENG2333/VideoCaptioner#1120",
    ),
    rule(BUSY, Any, Overloaded, "forum 109581"),
    rule(FAIL, Any, ServerError, "googleapis/python-genai#2506, google-gemini/gemini-cli#20309"),
    rule(NONE, Says("BadRequestError"), InvalidRequest, "crmne/ruby_llm#135, BerriAI/litellm"),
    rule(NONE, LostOrAborted, Network, "one row a runtime in network.rs"),
    // Texts without any status.
    rule(
        NONE,
        Says(
            "Quota exceeded|rate limit|ratelimit|too_many_requests|has been exhausted|\
             exhausted your capacity|quota will reset|limit reached|quota reached|\
             exceeded & quota|slow down|RESOURCE_EXHAUSTED|频率超限|频率限制|过于频繁|请求频率|\
             频率过高|限流|limit exceeded|concurrency limit|too many concurrent|\
             too many requests",
        ),
        RateLimited,
        "NousResearch/hermes-agent#38804, Wei-Shaw/sub2api#5443; interactions",
    ),
    rule(
        NONE,
        Says("service_unavailable|currently unavailable|temporarily unavailable"),
        Overloaded,
        "RFC 9110; interactions",
    ),
    rule(NONE, Says("Gateway Timeout|Gateway Time-out|deadline"), Timeout, "RFC 9110"),
    rule(
        NONE,
        Says(
            "Server Error|Internal error encountered|internal error has occurred|Bad Gateway|\
             operation was cancelled|^cancelled$|^api_error$|Invalid response stream",
        ),
        ServerError,
        "RFC 9110; interactions; iOfficeAI/AionUi#2545",
    ),
    rule(NONE, Says("try again later"), Overloaded, "RFC 9110"),
    rule(
        NONE,
        Says(
            "^failed_precondition$|^invalid_request|^parameter_unknown$|^out_of_range$|\
             ^Bad Request$|Error: Bad Request$|invalid argument|Invalid JSON payload|^missing_thought_signature$|\
             GenerateContentRequest.contents|GenerateContentRequest.tools|\
             GenerateContentRequest.generation|GenerateContentRequest.safety",
        ),
        InvalidRequest,
        "interactions",
    ),
    rule(
        NONE,
        Says("^Forbidden$|Error: Forbidden$|permission denied|permission_error"),
        Forbidden,
        "RFC 9110; interactions",
    ),
    rule(NONE, Says("^Unauthorized$|Error: Unauthorized$"), Unauthenticated, "RFC 9110"),
    rule(NONE, Says("^not_found|Error: Not Found$"), ModelNotFound, "RFC 9110; interactions"),
    rule(
        NONE,
        Says(
            "no image|not return an image|not contain an image|without an image|\
             not generate an image|image data not found|not return any image|\
             not contain image|unable to generate an image|returned 0 image|empty response|\
             response is empty|no candidates|I can't generate|I cannot generate|\
             I can't create|I cannot create|I'm unable to generate|I'm unable to create",
        ),
        NoImage,
        "ENTERPILOT/GoModel#853",
    ),
    rule(NONE, Says("aborted by user|cancelled by user|canceled by user"), Cancelled, "(code)"),
];
