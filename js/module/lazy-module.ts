/** Modules beside the core's, which are loaded on first use. */
import { internal } from './load.js';

/** The JavaScript that wasm-bindgen makes for a module. */
interface Glue {
  default(input: {
    module_or_path: WebAssembly.Module | Uint8Array<ArrayBuffer>;
  }): Promise<unknown>;
  __wbg_reset_state(): void;
}

/** Gives a module, or its bytes. */
export type ModuleSource = () => Promise<WebAssembly.Module | Uint8Array<ArrayBuffer>>;

export class LazyModule<T extends Glue> {
  readonly #name: string;
  readonly #glue: () => Promise<T>;
  #source: ModuleSource | undefined;
  #loading: Promise<T> | undefined;
  #instance = 1;

  constructor(name: string, glue: () => Promise<T>) {
    this.#name = name;
    this.#glue = glue;
  }

  /** Tells where the module comes from; entries call this, and nothing else does. */
  register(source: ModuleSource): void {
    this.#source = source;
  }

  /** The module's exports; where it could not be loaded, the next call tries again. */
  load(): Promise<T> {
    this.#loading ??= this.#start().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #start(): Promise<T> {
    const source = this.#source;
    if (source === undefined) {
      throw new Error(`unexhausted: no entry has registered the module \`${this.#name}\``);
    }
    const [glue, module] = await Promise.all([this.#glue(), source()]);
    await glue.default({ module_or_path: module });
    return glue;
  }

  /** The number of the instance that calls go to now: what an earlier one held is lost. */
  get instance(): number {
    return this.#instance;
  }

  /**
   * Runs a function of the module; what it refuses is a `TypeError`.
   *
   * @throws {GenerateError} of kind `unknown` after a trap; the next call then begins afresh.
   */
  run<R>(glue: T, what: () => R): R {
    try {
      return what();
    } catch (error) {
      if (typeof error === 'string') throw new TypeError(`unexhausted: ${error}`);
      glue.__wbg_reset_state();
      this.#instance += 1;
      throw internal(error);
    }
  }
}
