import { withCommas } from '../../metrics/format.js';
import type { RequestTable } from '../../metrics/request-table.js';
import { type SessionFacts, sessionsOf } from '../../metrics/sessions.js';
import { pageDocument } from './document.js';
import { html } from './html.js';
import { table } from './table.js';

/** Sessions with a row of their own. */
const MOST_SESSIONS = 1000;

/** A page of a picture of sessions, and each session as a row. @param svg an SVG document. */
export function picturePage(name: string, title: string, svg: string, requests: RequestTable): string {
  const { fromNs } = requests.extent;
  const sessions = sessionsOf(requests);
  const seconds = (ns: number) => withCommas(ns / 1e9);
  const row = (session: SessionFacts, i: number) => [
    `${i + 1}`,
    seconds(session.startNs - fromNs),
    seconds(session.endNs - session.startNs),
    seconds(session.serverNs),
    seconds(session.criticalNs),
    `${session.rows.length}`,
    `${session.agents}`,
    session.isComplete ? 'completed' : session.hasFailed ? 'failed' : 'cut off',
  ];
  return pageDocument({
    title: `AIPerf | ${name}`,
    data: new Map(),
    body: html`<main>
<h1>${name}</h1>
<figure><img alt="${title}; the table below has the figures" width="1000" src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}"></figure>
${
  sessions.length > 0 &&
  table({
    caption:
      sessions.length > MOST_SESSIONS
        ? `The first ${MOST_SESSIONS} of ${sessions.length} sessions`
        : 'Sessions',
    columns: [
      'Session',
      'Start (s)',
      'Duration (s)',
      'Server time (s)',
      'Critical path (s)',
      'Requests',
      'Agents',
      'End',
    ],
    rows: sessions.slice(0, MOST_SESSIONS).map(row),
    textColumns: [7],
  })
}
</main>`,
  });
}
