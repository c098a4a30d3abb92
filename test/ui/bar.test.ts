import { expect, test } from 'vitest';
import type { Snapshot } from '../../src/collect/snapshot.js';
import { barText, openBar } from '../../src/ui/bar.js';
import { processing, quarter, recorder, withRequests } from './terminal.js';

// A quarter of 20 cells is 5 full ones.
const base = 'Profiling: 250/1,000 |█████               |  25% [00:05<00:16]';

test.each<[string, Partial<Snapshot>, number, string]>([
  ['everything fits', {}, 200, `${base} 45.7 requests/s, 0 errors, TTFT 51.2 ms, ITL 10.1 ms`],
  // The base has 62 columns; with the rate 62 + 1 + 15 = 78, with the errors 78 + 2 + 8 = 88.
  ['room to the column for the errors', {}, 88, `${base} 45.7 requests/s, 0 errors`],
  ['one column less', {}, 87, `${base} 45.7 requests/s`],
  ['room for the bar alone', {}, 62, base],
  ['no room for the bar', {}, 61, 'Profiling: 250/1,000  25% [00:05<00:16]'],
  ['hardly any room', {}, 12, 'Profiling: 2'],
  [
    'nothing known yet',
    { ...withRequests({ returned: 0 }), etaSeconds: undefined, elapsedSeconds: 0 },
    62,
    'Profiling: 0/1,000 |                    |   0% [00:00<?]',
  ],
  // 8/12 of 20 cells: 13.33, that is 13 cells and 2.67 eighths, cut to 2; 66.7 % reads 67 %.
  [
    'part of a cell',
    withRequests({ returned: 8, planned: 12 }),
    60,
    'Profiling: 8/12 |█████████████▎      |  67% [00:05<00:16]',
  ],
  [
    'done',
    { ...withRequests({ returned: 12, planned: 12 }), etaSeconds: 0 },
    70,
    'Profiling: 12/12 |████████████████████| 100% [00:05<00:00]',
  ],
  [
    'total not known',
    withRequests({ planned: undefined, dropped: 1 }),
    60,
    'Profiling: 250 [00:05] 45.7 requests/s, 1 error',
  ],
  [
    'total not known, but the duration',
    { ...withRequests({ planned: undefined }), share: 0.25 },
    80,
    'Profiling: 250 |█████               |  25% [00:05<00:16] 45.7 requests/s',
  ],
  [
    'records that are left',
    { processing: processing.processing },
    100,
    'Processing Records: 600,000/1,000,000 |████████████        |  60% [00:08<00:08] 50,000.0 records/s',
  ],
  [
    'hours',
    { elapsedSeconds: 3723.9, etaSeconds: 36_000 },
    67,
    'Profiling: 250/1,000 |█████               |  25% [1:02:03<10:00:00]',
  ],
])('the bar: %s', (_, change, columns, expected) => {
  expect(barText({ ...quarter, ...change }, columns)).toBe(expected);
});

test('colour is put around the bar and takes no columns', () => {
  const painted = barText(quarter, 62, (text) => `<${text}>`);
  expect(painted).toBe('Profiling: 250/1,000 <|█████               |>  25% [00:05<00:16]');
});

test('redraws after 100 ms, gives way to other output, vanishes at the end', () => {
  let nowMs = 0;
  const terminal = Object.assign(recorder(), { columns: 63 });
  const bar = openBar(terminal, false, () => nowMs);
  const erase = '\r\u001b[K';
  bar.clear();
  bar.onSnapshot?.(quarter);
  nowMs = 99;
  bar.onSnapshot?.(quarter);
  expect(terminal.written).toEqual([erase + base]);
  nowMs = 100;
  bar.onSnapshot?.(quarter);
  expect(terminal.written).toEqual([erase + base, erase + base]);
  bar.clear();
  bar.onSnapshot?.(quarter);
  expect(terminal.written.slice(2)).toEqual([erase, erase + base]);
  bar.onEnd?.();
  bar.onEnd?.();
  expect(terminal.written.slice(4)).toEqual([erase]);
});

test('a terminal that does not know its size is taken to have 80 columns', () => {
  const terminal = Object.assign(recorder(), { columns: 0 });
  openBar(terminal, false, () => 0).onSnapshot?.(quarter);
  expect(terminal.written).toEqual([`\r\u001b[K${base} 45.7 requests/s`]);
});

test('each phase has its colour', () => {
  const colorOf = (phase: Snapshot['phase'], of = quarter) => {
    const terminal = Object.assign(recorder(), { columns: 100 });
    openBar(terminal, true, () => 0).onSnapshot?.({ ...of, phase });
    return terminal.written[0]?.split('|')[0]?.slice(-5);
  };
  expect(colorOf('warmup')).toBe('\u001b[33m');
  expect(colorOf('profiling')).toBe('\u001b[32m');
  expect(colorOf('profiling', processing)).toBe('\u001b[34m');
});
