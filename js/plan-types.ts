/** The types of the catalogue and the guide. Money is in USD. */

/** A size of picture. */
export type ImageSize = '512' | '1K' | '2K' | '4K';

/** A model of your own for the catalogue; what is absent is as in the built-in row, if any. */
export interface CatalogRow {
  /** The id that requests name. */
  id: string;
  /** The name that people use. Default: the id. */
  name?: string | undefined;
  /** Default: `stable`. A `retired` one is not asked at Google's address. */
  status?: ModelStatus | undefined;
  /** The id of the model to use instead. */
  successor?: string | undefined;
  /** How it is asked. Default: `gemini`. */
  protocol?: 'gemini' | 'imagen' | undefined;
  /**
   * The sizes that it makes, with USD for one picture of each: pictures are then priced by this
   * alone, unless `imagePrice` is given too. Default: unknown, so that no size is refused and no cost
   * is told.
   */
  sizes?: { [Size in ImageSize]?: number | undefined } | undefined;
  /** Whether `imageSize` is sent. Default: true. */
  takesSize?: boolean | undefined;
  /** The aspect ratios that it takes, as `16:9`. Default: the fourteen of the newest models. */
  ratios?: readonly string[] | undefined;
  /** The most reference images. Default: 14. */
  references?: number | undefined;
  /** USD per million input tokens. Default: 0. */
  inputPrice?: number | undefined;
  /** USD per million output tokens of text and thinking. Default: 0. */
  textPrice?: number | undefined;
  /** USD per million output tokens of pictures. Default: a picture costs what its size does. */
  imagePrice?: number | undefined;
  /** Whether the Batch API takes it, at half the price. Default: true. */
  batch?: boolean | undefined;
}

/** Whether Google still serves a model. */
export type ModelStatus = 'stable' | 'preview' | 'deprecated' | 'retired';
