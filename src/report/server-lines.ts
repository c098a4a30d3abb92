import type { RunFacts } from '../run/facts.js';
import type { Layout } from './layout.js';
import { serverColumns, serverRows, serverTitle } from './server-rows.js';
import { drawTable } from './table.js';
import { wrap } from './wrap.js';

/** What the servers counted, next to what the client did, and why the two differ; no lines where no known server was read. */
export function serverLines({ serverView = [] }: RunFacts, layout: Layout): string[] {
  const [figure = '', ...sides] = serverColumns;
  return serverView.flatMap((view, i) => [
    ...(i === 0 ? [] : ['']),
    ...drawTable(
      {
        title: `AIPerf | ${serverTitle(view)}`,
        columns: [
          { header: figure, align: 'left', style: 'cyan', yields: 'at spaces' },
          ...sides.map((header) => ({ header, yields: 'its padding' }) as const),
        ],
        rows: serverRows(view),
      },
      layout,
    ),
    ...[...(view.unexplained ?? []), ...(view.explained ?? [])].flatMap((sentence) =>
      wrap(sentence, layout.width, 2),
    ),
  ]);
}
