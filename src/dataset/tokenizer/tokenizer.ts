/** Converts text to token IDs and back; special tokens are never added. */
export interface Tokenizer {
  /** As the user named it, e.g. `Qwen/Qwen3-0.6B`. */
  readonly name: string;
  encode(text: string): Uint32Array;
  /** Number of tokens of `text`: equals `encode(text).length`, but cheaper. */
  count(text: string): number;
  decode(ids: ArrayLike<number>): string;
}

/**
 * Location of a tokenizer, enough for any thread to open it. Plain data. `shipped`: the compiled one in this package;
 * `files`: a folder with `tokenizer.json`.
 */
export type TokenizerSource = (
  | { readonly kind: 'shipped'; readonly name: string }
  | { readonly kind: 'files'; readonly name: string; readonly folder: string }
) & {
  /** Inputs are chats, counted as its chat template renders them. */
  readonly rendersChats?: true;
};
