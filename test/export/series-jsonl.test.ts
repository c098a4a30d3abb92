import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { appendSeries, seriesSink } from '../../src/export/series-jsonl.js';
import { readSeries } from '../../src/run/read-series.js';
import { clientMetrics } from '../../src/telemetry/client-metrics.js';
import type { Observation, TimeSeries } from '../../src/telemetry/time-series.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-series-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'series.jsonl');
const { cpu, loopDelay } = clientMetrics;
const origin = { monotonicNs: 5n, epochNs: 1_764_000_000_000_000_001n };

function observation(atNs: number, thread: string, delayMs: number, cpuMs: number): Observation {
  const labels = { thread };
  return {
    ...{ source: 'client', atNs },
    samples: [
      { metric: loopDelay, labels, value: delayMs },
      { metric: cpu, labels, value: cpuMs },
    ],
  };
}

const definitions = (id: number, thread: string) => [
  `{"id":${id},"metric":"client_event_loop_delay","kind":"gauge","unit":"ms","source":"client","labels":{"thread":"${thread}"}}\n`,
  `{"id":${id + 1},"metric":"client_cpu_time","kind":"counter","unit":"ms","source":"client","labels":{"thread":"${thread}"}}\n`,
];
const lines = [
  ...definitions(0, '0'),
  '{"timestamp_ns":1764000000000000001,"ids":[0,1],"values":[0.25,0]}\n',
  ...definitions(2, '1'),
  '{"timestamp_ns":1764000000000000008,"ids":[2,3],"values":[3,12.5]}\n',
  '{"timestamp_ns":1764000001000000001,"ids":[0,1],"values":[0.001,900]}\n',
];

/** With plain arrays: equality of typed arrays is hard to read where it fails. */
function plain(all: readonly TimeSeries[]) {
  return all.map(({ metric, labels, times, values }) => [metric.name, labels, [...times], [...values]]);
}

const first = [
  ['client_event_loop_delay', { thread: '0' }, [0], [0.25]],
  ['client_cpu_time', { thread: '0' }, [0], [0]],
];
const second = [
  ['client_event_loop_delay', { thread: '1' }, [7], [3]],
  ['client_cpu_time', { thread: '1' }, [7], [12.5]],
];
const all = [
  ['client_event_loop_delay', { thread: '0' }, [0, 1e9], [0.25, 0.001]],
  ['client_cpu_time', { thread: '0' }, [0, 1e9], [0, 900]],
  ...second,
];

describe('a file of series', () => {
  beforeEach(() => {
    const sink = seriesSink(path, origin);
    sink.onObservation?.(observation(0, '0', 0.25, 0));
    sink.onObservation?.(observation(7, '1', 3, 12.5));
    sink.onObservation?.(observation(1e9, '0', 1e-3, 900));
    // Not ended: each observation is in the file at once.
  });

  it('defines each series once, before its first value', () => {
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
  });

  it('is read back, to the nanosecond', () => {
    const series = readSeries(path, origin);
    expect(plain(series)).toEqual(all);
    expect(series.map(({ source, metric }) => [source, metric])).toEqual([
      ...[
        ['client', loopDelay],
        ['client', cpu],
      ],
      ...[
        ['client', loopDelay],
        ['client', cpu],
      ],
    ]);
  });

  it('is read back cut at any byte: all lines that are whole', () => {
    const whole = lines.join('');
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(path, whole.slice(0, length));
      // A last line that lacks its line feed alone is whole as well.
      const seen = (count: number) => length >= lines.slice(0, count).join('').length - 1;
      const expected = seen(7) ? all : [...(seen(3) ? first : []), ...(seen(6) ? second : [])];
      expect(plain(readSeries(path, origin))).toEqual(expected);
    }
  });

  it('holds metrics, kinds and members that this version does not know', () => {
    writeFileSync(
      path,
      [
        '{"id":9,"metric":"queue","kind":"histogram","unit":"","source":"http://a/metrics","labels":{"rank":1},"help":"x"}\n',
        '{"timestamp_ns": 1764000000000000002, "ids": [9], "values": [4], "more": true}\n',
      ].join(''),
    );
    expect(plain(readSeries(path, origin))).toEqual([['queue', { rank: '1' }, [1], [4]]]);
  });

  it('takes others at its end, which may use the same ids', () => {
    const queue = { name: 'queue', unit: '', kind: 'gauge' } as const;
    const observations = [3e9, 4e9].map((atNs) => ({
      ...{ source: 'http://a/metrics', atNs },
      samples: [{ metric: queue, labels: {}, value: atNs / 1e9 }],
    }));
    appendSeries(path, origin, observations);
    expect(plain(readSeries(path, origin))).toEqual([...all, ['queue', {}, [3e9, 4e9], [3, 4]]]);
  });

  it('is none where there is no such file', () => {
    expect(readSeries(join(folder, 'missing.jsonl'), origin)).toEqual([]);
  });

  it.each([
    ['no JSON', '{"id":'],
    ['a value of no series', '{"timestamp_ns":1,"ids":[5],"values":[1]}'],
    ['a value that is none', '{"timestamp_ns":1,"ids":[0],"values":["1"]}'],
    ['fewer values than ids', '{"timestamp_ns":1,"ids":[0,1],"values":[1]}'],
    ['no time', '{"ids":[0],"values":[1]}'],
    ['something else', '[]'],
  ])('with %s in a line is read without that line', (_, line) => {
    writeFileSync(path, [...definitions(0, '0'), line, '\n', ...lines.slice(2, 3)].join(''));
    expect(plain(readSeries(path, origin))).toEqual(first);
  });

  it('with bytes that are no text is read up to there', () => {
    const rest = Buffer.concat([
      Buffer.from(`${' '.repeat(1023)}\n`.repeat(1024)),
      Buffer.from([0xff, 0x0a]),
    ]);
    writeFileSync(path, Buffer.concat([Buffer.from(lines.slice(0, 3).join('')), rest]));
    expect(plain(readSeries(path, origin))).toEqual(first);
  });

  it('is none where a folder has its name', () => {
    expect(readSeries(folder, origin)).toEqual([]);
  });
});
