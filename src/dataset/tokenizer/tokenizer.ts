/** Text to token ids and back; special tokens are never added. */
export interface Tokenizer {
  /** As the user named it, e.g. `Qwen/Qwen3-0.6B`. */
  readonly name: string;
  encode(text: string): Uint32Array;
  /** Number of tokens of `text`: `encode(text).length`, cheaper. */
  count(text: string): number;
  decode(ids: ArrayLike<number>): string;
}

/**
 * Where a tokenizer was found: enough for any thread to open it. Plain data.
 * `shipped`: the compiled one inside the package; `files`: a folder with `tokenizer.json`.
 */
export type TokenizerSource =
  | { readonly kind: 'shipped'; readonly name: string }
  | { readonly kind: 'files'; readonly name: string; readonly folder: string };
