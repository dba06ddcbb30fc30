/** Targets: a model, and the server that is asked for it. */
import type { GenerateContentConfig } from './request.js';

/**
 * The protocol of a server: `gemini` is the Developer API and relays of it; `vertex` Gemini on Vertex
 * AI; `imagen` is `:predict`; `openai-images` and `openai-chat` are `/images/generations` and
 * `/chat/completions` as resellers offer them.
 */
export type Protocol = 'gemini' | 'vertex' | 'imagen' | 'openai-images' | 'openai-chat';

/** A bearer token. */
export interface AccessToken {
  token: string;
  /** When it ends: ms since 1970, or a `Date`. Default: it is used for four minutes. */
  expiresAt?: number | Date | null | undefined;
}

/** A bearer token; without one, as google-auth-library may give, the call fails. */
export type GivenToken = string | AccessToken | null | undefined;

/** A model, and the server that is asked for it. */
export interface Target {
  model: string;
  /**
   * The service's address. A target with its own gets no key of the client's. For OpenAI's protocols
   * it holds the version, as in OpenAI's own clients: `https://proxy.example/v1`. Default: that of
   * the client; on Vertex GOOGLE_VERTEX_BASE_URL in Node, then the address of the location.
   */
  baseUrl?: string | undefined;
  /** Sent as the protocol has it: in `x-goog-api-key`, or as a bearer to OpenAI's protocols. */
  apiKey?: string | undefined;
  /** Default: `v1beta`; `v1beta1` on Vertex; none for OpenAI's protocols. */
  apiVersion?: string | undefined;
  headers?: Record<string, string> | undefined;
  /** Default: that of the model in the catalogue, which is `gemini` but for Imagen. */
  protocol?: Protocol | undefined;
  /** The name that `modelUsed` shows. Default: the model's name in the catalogue. */
  name?: string | undefined;
  /**
   * USD per picture, for all sizes or by size, instead of the catalogue's price. A size that is not
   * listed counts as the dearest that is.
   */
  price?: number | Partial<Record<'512' | '1K' | '2K' | '4K', number>> | undefined;
  /**
   * Gives a bearer token. It is called when a token is needed, once for all that wait, again a minute
   * before the token ends, and once more after a 401.
   */
  accessToken?: (() => GivenToken | Promise<GivenToken>) | undefined;
  /** On Vertex: the Google Cloud project. */
  project?: string | undefined;
  /** On Vertex: the region, `us`, `eu` or `global`. Default: `global`. */
  location?: string | undefined;
  /**
   * The `config` of each request to this target, merged deeply into its own: another
   * size, `thinkingConfig`, or `serviceTier`. Targets of one model that differ in it are a ladder, such as
   * `flex`, `standard`, `priority`.
   */
  config?: Omit<GenerateContentConfig, 'httpOptions' | 'abortSignal'> | undefined;
}

/** The smaller pictures to ask of a model that keeps timing out, before the next model. */
export interface DegradeOptions {
  /** Default, and only choice: `timeout`. */
  on?: 'timeout' | undefined;
  /** Smaller sizes, in the order in which they are tried, as `['2K', '1K']`. */
  to: readonly string[];
}
