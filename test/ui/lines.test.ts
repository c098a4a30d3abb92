import { expect, test } from 'vitest';
import type { LiveShard } from '../../src/load/source.js';
import { lineText, openLines } from '../../src/ui/lines.js';
import { processing, quarter, recorder, withRequests } from './terminal.js';

const line =
  'Profiling: 250/1,000 (25%), 00:05, 45.7 requests/s, 0 errors, TTFT 51.2 ms (p99 53.2), ITL 10.1 ms (p99 12.1), 12 in flight, ETA 00:16';

test('a line says everything', () => {
  expect(lineText(quarter)).toBe(line);
});

test('what is not known is left out', () => {
  const early = {
    ...withRequests({ planned: undefined, failed: 1230, dropped: 4 }),
    etaSeconds: undefined,
    latencies: { ttft: undefined, itl: undefined, request: undefined },
    requestsPerSecond: 12_345.67,
  };
  expect(lineText(early)).toBe('Profiling: 250, 00:05, 12,345.7 requests/s, 1,234 errors, 12 in flight');
  const timed = { ...early, share: 0.25, etaSeconds: 16.4 };
  expect(lineText(timed)).toMatch(/^Profiling: 250 \(25%\), .* ETA 00:16$/);
});

test('which shards are silent or lost; many are counted', () => {
  const textOf = (states: readonly LiveShard['state'][]) => {
    const shards = states.map((state, shard) => ({
      ...{ shard, state, host: 'a', planned: 1, issued: 0, returned: 0, received: 0, unsentBytes: 0 },
      ...{ latenessMs: undefined, clockErrorNs: undefined, clockDriftNs: undefined, fidelity: undefined },
    }));
    return /errors, (.*), TTFT/.exec(lineText({ ...quarter, shards }))?.[1];
  };
  expect(textOf(['running', 'done'])).toBe('2 shards');
  expect(textOf(['lost', 'running', 'silent', 'silent'])).toBe(
    '4 shards (shards 2 and 3 silent, shard 0 lost)',
  );
  expect(textOf(['silent', 'lost', 'lost', 'lost', 'lost'])).toBe('5 shards (shard 0 silent, 4 lost)');
});

test('after the load, the records that are left', () => {
  expect(lineText(processing)).toBe(
    'Processing Records: 600,000/1,000,000 (60%), 00:08, 50,000.0 records/s, ETA 00:08',
  );
});

test('a line at each interval, and the last state at the end', () => {
  let nowMs = 1000;
  const stream = recorder();
  const lines = openLines(stream, () => nowMs, 5000);
  const at = (ms: number, returned: number) => {
    nowMs = 1000 + ms;
    lines.onSnapshot?.(withRequests({ returned }));
  };
  at(0, 0);
  at(4999, 1);
  expect(stream.written).toEqual([]);
  at(5000, 2);
  at(9999, 3);
  at(10_000, 4);
  at(10_100, 1000);
  lines.onEnd?.();
  lines.onEnd?.();
  expect(stream.written.map((text) => text.split(' ')[1])).toEqual(['2/1,000', '4/1,000', '1,000/1,000']);
  expect(stream.written.every((text) => text.endsWith('\n'))).toBe(true);
});
