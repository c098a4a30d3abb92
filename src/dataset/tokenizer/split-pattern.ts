/**
 * Translates a tokenizer.json pattern (Oniguruma syntax) to a JavaScript expression with the flags `gu`; undefined if
 * any part is not known to mean the same.
 */
export function splitPattern(pattern: string): RegExp | undefined {
  const reader = new PatternReader(pattern);
  const source = reader.alternatives(false);
  if (source === undefined || !reader.atEnd()) return undefined;
  try {
    return new RegExp(source, 'gu');
  } catch {
    return undefined;
  }
}

// JavaScript's `\s` includes U+FEFF but not U+0085; `\d` and `\w` are ASCII only.
const classEscapes: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
};
const controlEscapes = 'rntfv';
const syntaxCharacters = '^$\\.*+?()[]{}|/';

/** Recursive descent; each method returns what it read in JavaScript syntax, or undefined to give up. */
class PatternReader {
  readonly #pattern: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = [...pattern];
  }

  atEnd(): boolean {
    return this.#at >= this.#pattern.length;
  }

  /** Reads to the end or an unmatched `)`. */
  alternatives(anyCase: boolean): string | undefined {
    let source = '';
    while (!this.atEnd() && this.#peek() !== ')') {
      if (this.#take('|')) {
        source += '|';
        continue;
      }
      const atom = this.#atom(anyCase);
      if (atom === undefined) return undefined;
      const quantifier = this.#quantifier();
      if (quantifier === undefined) return undefined;
      source += atom + quantifier;
    }
    return source;
  }

  #atom(anyCase: boolean): string | undefined {
    const char = this.#next();
    switch (char) {
      case '(':
        return this.#group(anyCase);
      case '[':
        return anyCase ? undefined : this.#set();
      case '\\':
        return anyCase ? undefined : this.#escape();
      case '.':
        return '[^\\n]';
      case '^':
      case '$':
      case '*':
      case '+':
      case '?':
      case '{':
        return undefined;
      default:
        return anyCase ? eitherCase(char) : literal(char);
    }
  }

  #group(anyCase: boolean): string | undefined {
    const open = ['?:', '?=', '?!', '?i:'].find((opening) => this.#take(opening)) ?? '';
    const ignoresCase = open === '?i:';
    const body = this.alternatives(anyCase || ignoresCase);
    if (body === undefined || !this.#take(')')) return undefined;
    return open === '?=' || open === '?!' ? `(${open}${body})` : `(?:${body})`;
  }

  #set(): string | undefined {
    let source = this.#take('^') ? '[^' : '[';
    for (;;) {
      const char = this.#next();
      if (char === ']') return source.length > 2 ? `${source}]` : undefined;
      // Nested sets, POSIX brackets and intersections.
      if (char === '' || char === '[' || (char === '&' && this.#peek() === '&')) return undefined;
      const part = char === '\\' ? this.#escape() : char === '-' ? '-' : literal(char);
      if (part === undefined) return undefined;
      source += part;
    }
  }

  #escape(): string | undefined {
    const char = this.#next();
    if (char === 'p' || char === 'P') {
      let name = '';
      if (!this.#take('{')) return undefined;
      while (!this.atEnd() && this.#peek() !== '}') name += this.#next();
      return this.#take('}') && /^[A-Z][a-z]?$/.test(name) ? `\\${char}{${name}}` : undefined;
    }
    const known = classEscapes[char];
    if (known !== undefined) return known;
    if (controlEscapes.includes(char) && char !== '') return `\\${char}`;
    if (char === '-') return '\\-';
    // An escaped letter or digit would be an anchor, a back reference or another class.
    return char === '' || /[\p{L}\p{N}]/u.test(char) ? undefined : literal(char);
  }

  #quantifier(): string | undefined {
    let source = '';
    if (this.#take('{')) {
      let bounds = '';
      while (!this.atEnd() && this.#peek() !== '}') bounds += this.#next();
      if (!this.#take('}') || !/^\d+(,\d*)?$/.test(bounds)) return undefined;
      source = `{${bounds}}`;
    } else {
      for (const sign of ['*', '+', '?']) if (source === '' && this.#take(sign)) source = sign;
    }
    if (source === '') return '';
    if (this.#take('?')) source += '?';
    // Another sign makes it possessive, which JavaScript does not support.
    return '*+?{'.includes(this.#peek() || ' ') ? undefined : source;
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? '';
  }

  #next(): string {
    return this.#pattern[this.#at++] ?? '';
  }

  #take(text: string): boolean {
    const end = this.#at + text.length;
    if (this.#pattern.slice(this.#at, end).join('') !== text) return false;
    this.#at = end;
    return true;
  }
}

function literal(char: string): string {
  return syntaxCharacters.includes(char) ? `\\${char}` : char;
}

// Unicode case folding: long s and Kelvin sign match s and k.
const furtherCases: Readonly<Record<string, string>> = { s: '\u017f', k: '\u212a' };

function eitherCase(char: string): string | undefined {
  if (!/^[\x20-\x7e]$/.test(char)) return undefined;
  if (!/[a-zA-Z]/.test(char)) return literal(char);
  const lower = char.toLowerCase();
  return `[${lower}${char.toUpperCase()}${furtherCases[lower] ?? ''}]`;
}
