import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { summaryJson } from '../../src/export/summary-json.js';
import { sweepPointOf } from '../../src/run/configuration.js';
import { type RunFacts, readFacts, runConfigJson } from '../../src/run/facts.js';
import { filesIn, type RunFiles } from '../../src/run/files.js';
import { Float } from '../../src/util/python-json.js';
import { fourRequests, storeOf } from '../metrics/records.js';

const before: RunFacts = {
  ...{ benchmarkId: '2f1c0a4be5d7', title: 'LLM Metrics', command: 'aiperf profile', randomSeed: 7 },
  ...{ oslMismatchPct: 5, oslMismatchTokens: 50, usageDiffPct: 10 },
  inputConfig: { models: { items: [{ name: 'm' }] }, x_aiperf_ts: { num_gpus: 2 } },
  ...{ folder: '/runs/a', recordsFile: 'profile_export.jsonl', exportPrefix: 'foo' },
  ...{ sweepId: 'id', trial: 1, label: 'run_0002', variationIndex: 1, variationLabel: 'rate=10.0' },
  variationValues: { 'phases.profiling.rate': new Float(10) },
};
const after: RunFacts = {
  ...before,
  ...{ version: '0.1.0', firstSession: 3, wasCancelled: true, incompleteReason: 'Run cancelled.' },
  responseWarnings: ['Fields are not read: images'],
  ...{ startedAtNs: 1_767_225_599_999_000_000n, endedAtNs: 1_767_225_601_331_000_000n },
  fidelity: {
    verdict: 'client strained',
    reasons: [{ level: 'strained', reason: 'late', spans: [{ startSeconds: 1, endSeconds: 2.5 }] }],
    ...{
      clientLimitedCount: 3,
      cpuThrottled: 12,
      cpuStolen: 7,
      load: { kind: 'rate', mayQueue: false, requested: 10 },
    },
    utilization: { share: 0.5, basis: 'roof', requestsPerSecond: 42_000, eventsPerSecond: 85_000 },
  },
};

let files: RunFiles;
beforeEach(() => {
  files = filesIn(mkdtempSync(join(tmpdir(), 'aiperf-facts-')), undefined);
});
const summary = (facts: RunFacts) => summaryJson(storeOf(fourRequests).summary(), facts);

describe('the facts of a run', () => {
  it('are those that were written', () => {
    writeFileSync(files.config, runConfigJson(before));
    const read = { ...before, variationValues: { 'phases.profiling.rate': 10 } };
    expect(readFacts(files)).toEqual({ facts: read, results: undefined });
    writeFileSync(files.json, summary(after));
    const { facts, results } = readFacts(files);
    expect(facts).toEqual({ ...after, ...read, isComplete: false });
    expect(results?.warmup).toEqual([]);
    expect(results?.metrics[0]).toMatchObject({ tag: 'request_throughput', unit: 'requests/sec' });
    expect(sweepPointOf(facts)).toEqual({ sweepId: 'id', values: new Map([['rate', '10']]) });
    expect(sweepPointOf(before)).toEqual(sweepPointOf(facts));
  });

  it('are written again as they were: whole numbers of times have a decimal point, counts have none', () => {
    writeFileSync(files.json, summary(after));
    const fidelity = (text: string) => text.slice(text.indexOf('  "fidelity": {'));
    expect(fidelity(summary(readFacts(files).facts))).toBe(fidelity(summary(after)));
    expect(summary(after)).toContain('"client_limited_count": 3,\n');
    expect(summary(after)).toContain(
      '"cpu_throttled": 12.0,\n    "cpu_stolen": 7.0,\n    "utilization": {\n',
    );
    expect(summary(after)).toContain(
      '"share": 0.5,\n      "basis": "roof",\n      "requests_per_second": 42000,\n      "events_per_second": 85000\n',
    );
  });

  it('are not those of another run in the same folder', () => {
    writeFileSync(files.config, runConfigJson(before));
    writeFileSync(files.json, summary({ ...after, benchmarkId: 'another' }));
    expect(readFacts(files).results).toBeUndefined();
    expect(readFacts(files).facts.wasCancelled).toBeUndefined();
    writeFileSync(files.config, runConfigJson({ ...before, recordsFile: 'bar.jsonl' }));
    expect(readFacts(files).facts).toMatchObject({ benchmarkId: 'another', wasCancelled: true });
    expect(readFacts(files).facts.title).toBeUndefined();
  });

  it('of another type are as good as missing', () => {
    writeFileSync(
      files.json,
      '{"benchmark_id":5,"run_info":[],"start_time":"noon","fidelity":{"verdict":1}}',
    );
    expect(readFacts(files).facts).toEqual({ fidelity: {} });
    writeFileSync(files.json, '{"is_complete":false}');
    expect(readFacts(files).facts.incompleteReason).toBe('The run ended early.');
  });
});
