import { expect, test } from 'vitest';
import { lineText, openLines } from '../../src/ui/lines.js';
import { openProgress } from '../../src/ui/progress.js';
import { quarter, recorder } from './terminal.js';

const line =
  'Profiling: 250/1,000 (25%), 00:05, 45.7 requests/s, 0 errors, TTFT 51.2 ms, ITL 10.1 ms, 12 in flight, ETA 00:16';

test('a line says everything', () => {
  expect(lineText(quarter)).toBe(line);
});

test('what is not known is left out', () => {
  const early = {
    ...quarter,
    total: undefined,
    etaSeconds: undefined,
    ttftAvgMs: undefined,
    itlAvgMs: undefined,
  };
  expect(lineText({ ...early, errors: 1234, requestsPerSecond: 12_345.67 })).toBe(
    'Profiling: 250, 00:05, 12,345.7 requests/s, 1,234 errors, 12 in flight',
  );
});

test('a line every five seconds, and the last state at the end', () => {
  let nowMs = 1000;
  const stream = recorder();
  const lines = openLines(stream, () => nowMs);
  const at = (ms: number, completed: number) => {
    nowMs = 1000 + ms;
    lines.update({ ...quarter, completed });
  };
  at(0, 0);
  at(4999, 1);
  expect(stream.written).toEqual([]);
  at(5000, 2);
  at(9999, 3);
  at(10_000, 4);
  at(10_100, 1000);
  lines.stop();
  lines.stop();
  expect(stream.written.map((text) => text.split(' ')[1])).toEqual(['2/1,000', '4/1,000', '1,000/1,000']);
  expect(stream.written.every((text) => text.endsWith('\n'))).toBe(true);
});

test('a bar on a terminal, lines elsewhere, nothing when nothing is wanted', () => {
  const terminal = Object.assign(recorder(), { isTTY: true, columns: 120, hasColors: () => false });
  openProgress('simple', terminal).update(quarter);
  expect(terminal.written[0]).toContain('|█████               |');

  const pipe = recorder();
  const lines = openProgress('simple', pipe);
  lines.update(quarter);
  lines.stop();
  expect(pipe.written).toEqual([`${line}\n`]);

  const silent = Object.assign(recorder(), { isTTY: true, columns: 120, hasColors: () => true });
  const none = openProgress('none', silent);
  none.update(quarter);
  none.clear();
  none.stop();
  expect(silent.written).toEqual([]);
});
