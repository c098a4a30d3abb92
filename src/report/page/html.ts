import { plainText } from '../../util/plain-text.js';

/** Text that is HTML already: it goes into a page as it is. Made by `html` alone. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static of(text: string): Html {
    return new Html(text);
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand in a template; texts and numbers are escaped, lists joined, `undefined` and `false` left out. */
export type HtmlContent = Html | string | number | undefined | false | readonly HtmlContent[];

/** HTML from a template. Inserted values are escaped as text, unless they are `Html`. */
export function html(template: TemplateStringsArray, ...contents: readonly HtmlContent[]): Html {
  return Html.of(template.map((part, i) => (i === 0 ? part : textOf(contents[i - 1]) + part)).join(''));
}

function textOf(content: HtmlContent): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Html) return content.toString();
  if (typeof content === 'object') return content.map(textOf).join('');
  return plainText(String(content)).replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
