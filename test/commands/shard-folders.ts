import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordLine } from '../../src/export/records-jsonl.js';
import type { RecordError } from '../../src/records/record.js';
import { type RunFacts, runConfigJson } from '../../src/run/facts.js';
import { planDigest, type RunPlan } from '../../src/run/shards.js';
import { counted, ms, origin, storeOf } from '../metrics/records.js';

const busy: RecordError = { code: 503, type: 'Service Unavailable', message: 'busy' };

/** A plan of 40 requests on 3 shards: 14, 13 and 13. */
export const plan: RunPlan = {
  version: '0.1.0',
  seed: 1,
  shards: 3,
  options: { '--request-rate': '20', '--model': 'm' },
  files: [{ option: '--input-file', name: 'trace.jsonl', bytes: 10, sha256: 'ab' }],
  conversations: 40,
  dataset: 'cd',
  dueProfiling: [14, 13, 13],
};

/** Records of 40 requests as they ended: each seventh failed, and latencies let some overtake others. */
export function endedRequests() {
  const store = storeOf([]);
  const requests = Array.from({ length: 40 }, (_, number) => {
    const startNs = ms(50 * number) + ((number * 7919) % 1000);
    const lastsNs = ms(20 + ((number * 37) % 190)) + ((number * 104_729) % 997);
    const error = number % 7 === 3 ? busy : undefined;
    return counted(
      {
        ...{ sessionNum: number, startNs, dueNs: startNs - 1000, endNs: startNs + lastsNs, error },
        ...{ conversationId: `s${number}`, requestId: `r${number}`, correlationId: `c${number}` },
        contentNs: Float64Array.of(startNs + lastsNs / 3, startNs + lastsNs / 2, startNs + lastsNs - 1000),
        firstOutputNs: startNs + lastsNs / 3,
      },
      { input: 8 + (number % 5), output: 3 },
    );
  }).sort((a, b) => a.record.endNs - b.record.endNs);
  return (shard: number | undefined, shards = 1) => {
    const context = { origin, recordProcessorId: 'record_processor_0f1e2d3c', phaseIndex: 0, shard };
    return requests
      .filter(({ record }) => shard === undefined || record.sessionNum % shards === shard)
      .map((request) => recordLine(request.record, store.add(request), context));
  };
}

/** Leaves the folder of a run. @param stored members of its summary; null: it was killed before it wrote one. */
export function writeRun(
  dir: string,
  lines: readonly string[],
  facts: RunFacts,
  stored: object | null = {},
): string {
  mkdirSync(dir, { recursive: true });
  const run: RunFacts = {
    ...{ benchmarkId: dir.slice(-12), title: 'LLM Metrics', recordsFile: 'profile_export.jsonl' },
    ...{ oslMismatchPct: 5, oslMismatchTokens: 50, usageDiffPct: 10, randomSeed: 1, ...facts },
  };
  writeFileSync(join(dir, 'run_config.json'), runConfigJson(run));
  writeFileSync(join(dir, 'profile_export.jsonl'), lines.join(''));
  const summary = {
    ...{ benchmark_id: run.benchmarkId, was_cancelled: false, is_complete: true },
    ...{ start_time: '2026-01-01T00:00:00.000000', ...stored },
  };
  if (stored !== null) writeFileSync(join(dir, 'profile_export_aiperf.json'), JSON.stringify(summary));
  return dir;
}

/** The facts of a shard of the plan. @param offsetMs of the server's clock from its own; undefined: not measured. */
export function factsOfShard(index: number, ofPlan: RunPlan = plan, offsetMs?: number): RunFacts {
  const clock =
    offsetMs === undefined ? undefined : { server: 'http://server:8000', offsetMs, errorMs: 1000 };
  const shard = {
    ...{ index, count: ofPlan.shards ?? 3, host: `host-${index}`, planDigest: planDigest(ofPlan) },
    clock,
  };
  return { shard, plan: ofPlan };
}
