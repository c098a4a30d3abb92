import { counted, withThousands } from '../../util/counted.js';
import { pageDocument } from './document.js';
import { type Html, html } from './html.js';

interface SentMessage {
  readonly role: string;
  readonly text: string;
}

/** A request as it was sent. */
export interface SentTurn {
  readonly turn: number;
  readonly phase: string;
  readonly messages: readonly SentMessage[];
}

/** The requests of a session, or of one of its agents. */
export interface SentSession {
  readonly id: string;
  readonly depth: number;
  readonly turns: readonly SentTurn[];
  /** Turns that are left out. */
  readonly hidden: number;
}

/** A page that shows what each turn added to its session, folded up. @param others sessions that are left out. */
export function messagesPage(name: string, sessions: readonly SentSession[], others: number): string {
  const title = `Messages of ${name}`;
  return pageDocument({
    title: `AIPerf | ${title}`,
    data: new Map(),
    body: html`<main>
<h1>${title}</h1>
<p>${counted(sessions.length, 'session')}${others > 0 && `; ${withThousands(others)} more not shown`}. Messages that the request before had, too, are counted, not repeated.</p>
${sessions.map(sessionOf)}
</main>`,
  });
}

function sessionOf({ id, depth, turns, hidden }: SentSession): Html {
  return html`<details><summary>${id}${depth > 0 && `, agent at depth ${depth}`}: ${counted(turns.length + hidden, 'turn')}</summary>
${turns.map((turn, place) => turnOf(turn, turns[place - 1]))}
${hidden > 0 && html`<p>${counted(hidden, 'further turn')} not shown.</p>`}</details>
`;
}

function turnOf({ turn, phase, messages }: SentTurn, before: SentTurn | undefined): Html {
  const repeated = commonLength(messages, before?.messages ?? []);
  return html`<h3>Turn ${turn + 1}${phase === 'warmup' && ' (warm-up)'}</h3>
${repeated > 0 && html`<p>${counted(repeated, 'message')} as before</p>`}
${messages.slice(repeated).map(({ role, text }) => html`<p><b>${role}</b></p><pre>${text}</pre>`)}`;
}

function commonLength(a: readonly SentMessage[], b: readonly SentMessage[]): number {
  let length = 0;
  while (length < b.length && a[length]?.role === b[length]?.role && a[length]?.text === b[length]?.text)
    length++;
  return length;
}
