import type { Json } from '../../util/json.js';

/** Longer blocks are given up: what is read is no output of a tool. */
const LONGEST_BLOCK = 1 << 24;

/** Finds the JSON objects and lists in a growing text that may hold other lines as well. */
export class JsonBlocks {
  #text = '';
  #at = 0;
  #start = -1;
  #depth = 0;
  #inString = false;

  /** @returns the values that are complete now, in order; what begins like JSON and is none is skipped. */
  take(text: string): Json[] {
    this.#text += text;
    const found: Json[] = [];
    for (; this.#at < this.#text.length; this.#at++) {
      const end = this.#step(this.#text.charAt(this.#at));
      if (!end) continue;
      const block = this.#text.slice(this.#start, this.#at + 1);
      this.#start = -1;
      try {
        found.push(JSON.parse(block));
      } catch {
        // A line that is no JSON may hold brackets.
      }
    }
    if (this.#start < 0 || this.#text.length - this.#start > LONGEST_BLOCK) this.#reset('');
    else if (this.#start > 0) this.#reset(this.#text.slice(this.#start));
    return found;
  }

  /** Keeps a rest that begins with an open block, or nothing. */
  #reset(rest: string): void {
    this.#at = rest === '' ? 0 : this.#at - this.#start;
    this.#start = rest === '' ? -1 : 0;
    if (rest === '') [this.#depth, this.#inString] = [0, false];
    this.#text = rest;
  }

  /** @returns whether a block ends here. */
  #step(char: string): boolean {
    if (this.#inString) {
      if (char === '\\') this.#at++;
      else if (char === '"') this.#inString = false;
    } else if (char === '{' || char === '[') {
      if (this.#depth++ === 0) this.#start = this.#at;
    } else if (this.#depth > 0) {
      if (char === '"') this.#inString = true;
      else if (char === '}' || char === ']') return --this.#depth === 0;
    }
    return false;
  }
}
