/** Bytes in base64: whole, or as the recordings cut them. */
const base64 = /[A-Za-z0-9+/]{16,}(?:…\[\d+ base64 chars\]|={0,2})/g;

/** Keys of bodies whose strings are text of a prompt. */
const textKeys = 'content|text|prompt|input|inputs|instructions|system|query|documents|texts';

/** A string of a body in a form that does not depend on its bytes. */
export function withoutBytes(text: string): string {
  return text.replace(base64, 'BYTES');
}

/** A string of a body under this key, its words masked, too, if it is text of a prompt; data URLs stay apart. */
export function withoutWords(key: string, text: string): string {
  if (!new RegExp(`^(${textKeys})$`).test(key) || text.startsWith('data:')) return withoutBytes(text);
  const [url = ''] = / data:\S*$/.exec(withoutBytes(text)) ?? [];
  return `WORDS${url}`;
}

/** Indented JSON of bodies without words and bytes. */
export function withoutContent(json: string): string {
  return withoutBytes(json)
    .replace(new RegExp(`("(?:${textKeys})": )"(?!data:).*"`, 'g'), '$1WORDS')
    .replace(/^( +)"(?!data:)[^"]*(?:\\"[^"]*)*"(,?)$/gm, '$1WORDS$2');
}
