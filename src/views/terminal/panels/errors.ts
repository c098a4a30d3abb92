import type { ErrorKind } from '../../../collect/live-figures.js';
import { percent } from '../../../metrics/format.js';
import { wrap } from '../../../report/wrap.js';
import { withThousands } from '../../../util/counted.js';
import { oneLine } from '../../../util/plain-text.js';
import { type Row, rowWidth, span } from '../rows.js';
import type { Panel } from './panel.js';

/** Rows that are kept free for errors, so that the first one moves nothing. */
const RESERVED_ROWS = 2;

/** Failures by kind, the most frequent first, each with its last message. */
export const errorsPanel: Panel = {
  name: 'errors',
  title: ({ snapshot }) => {
    if (snapshot === undefined) return [span('Errors', 'title')];
    const { failed, dropped, returned } = snapshot.requests;
    const all = failed + dropped;
    const share = returned === 0 ? 0 : all / returned;
    const tone = all === 0 ? 'good' : share <= 0.1 ? 'warn' : 'bad';
    return [span('Errors', 'title'), '  ', span(`${withThousands(all)} (${percent(share)})`, tone)];
  },
  rows: ({ snapshot }) => ({ least: 1, most: Math.max(RESERVED_ROWS, snapshot?.errors.length ?? 0) }),
  draw: ({ snapshot }, width, height, scroll) => {
    const kinds = snapshot?.errors ?? [];
    const inFull = kinds.flatMap((kind) => wrappedError(kind, width));
    if (inFull.length <= height) return inFull;
    if (kinds.length <= height) return kinds.map(errorRow);
    const shown = kinds.slice(scroll, scroll + Math.max(1, height - 1));
    const rest = kinds.length - scroll - shown.length;
    if (height < 2 || rest <= 0) return shown.map(errorRow);
    return [...shown.map(errorRow), [span(`and ${withThousands(rest)} more kinds`, 'dim')]];
  },
};

function errorRow({ code, type, count, lastMessage }: ErrorKind): Row {
  const kind = oneLine([code, type].filter((part) => part !== undefined && part !== '').join(' '));
  return [span(countText(count), 'bad'), ` ${kind}: `, span(oneLine(lastMessage), 'dim')];
}

/** The last message in full, below the kind. */
function wrappedError(kind: ErrorKind, width: number): Row[] {
  const row = errorRow(kind);
  if (rowWidth(row) <= width) return [row];
  const [count = '', text = ''] = row;
  const indent = ' '.repeat(countText(0).length + 1);
  const lines = wrap(oneLine(kind.lastMessage), width - indent.length);
  return [[count, text], ...lines.map((line): Row => [indent, span(line, 'dim')])];
}

function countText(count: number): string {
  return `${withThousands(count)}×`.padStart(7);
}
