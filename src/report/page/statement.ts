import { type Html, html } from './html.js';

/** What a page states about a topic, before any table. */
export interface Statement {
  readonly topic: string;
  readonly sentences: readonly string[];
  /** How it is to be taken. */
  readonly tone: 'plain' | 'good' | 'bad' | 'caution';
}

/** Statements as a list of topics. */
export function statementList(statements: readonly Statement[]): Html {
  return html`<dl class="words">${statements.map(
    ({ topic, sentences, tone }) =>
      html`<div class="${tone}"><dt>${topic}</dt><dd>${sentences.map((sentence) => html`<p>${sentence}</p>`)}</dd></div>\n`,
  )}</dl>`;
}
