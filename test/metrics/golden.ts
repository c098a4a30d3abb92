import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CountedRecord } from '../../src/records/record.js';
import { WireTimes } from '../../src/transport/transport.js';
import { counted } from './records.js';

const folder = new URL('../../../shared/reference/golden/', import.meta.url);

/** Outputs of the original program; tests that need them say why they are skipped. */
export const goldenIsThere = existsSync(folder);
if (!goldenIsThere) process.stderr.write('skipped: ../shared/reference/golden is not there\n');

export function goldenPath(path: string): string {
  return fileURLToPath(new URL(path, folder));
}

export function goldenText(path: string): string {
  return readFileSync(goldenPath(path), 'utf8');
}

export interface GoldenLine {
  readonly metadata: Record<string, unknown>;
  readonly metrics: Record<string, { readonly value: number | number[]; readonly unit: string }>;
  readonly error?: {
    readonly code?: number;
    readonly type: string;
    readonly message: string;
    readonly cause_chain?: string[];
  };
}

export function goldenLines(run: string): { text: string; line: GoldenLine }[] {
  const lines = goldenText(`${run}/profile_export.jsonl`).trim().split('\n');
  return lines.map((text) => ({ text, line: JSON.parse(text) }));
}

/**
 * The facts behind a line: times are whole ns, so they can be had back from the rounded milliseconds of the file.
 * Times count from `firstNs`.
 */
export function recordOf(
  text: string,
  line: GoldenLine,
  firstNs: bigint,
  requestedOsl?: number,
): CountedRecord {
  const epoch = (key: string) => {
    const found = new RegExp(`"${key}":(\\d+)`).exec(text)?.[1];
    return found === undefined ? Number.NaN : Number(BigInt(found) - firstNs);
  };
  const value = (tag: string) => {
    const found = line.metrics[tag]?.value;
    return typeof found === 'number' ? found : undefined;
  };
  const ns = (tag: string) => Math.round((value(tag) ?? Number.NaN) * 1e6);
  const startNs = epoch('request_start_ns');
  const streamed = value('time_to_first_token') !== undefined;
  const firstContentNs = startNs + ns(streamed ? 'time_to_first_token' : 'request_latency');
  const gaps = line.metrics.inter_chunk_latency?.value ?? [];
  const times = [firstContentNs];
  for (const gap of Array.isArray(gaps) ? gaps : []) times.push((times.at(-1) ?? 0) + Math.round(gap * 1e6));
  return counted(
    {
      startNs,
      dueNs: epoch('credit_issued_ns'),
      endNs: epoch('request_end_ns'),
      contentNs: line.error === undefined ? Float64Array.from(times) : new Float64Array(),
      firstOutputNs: startNs + ns('time_to_first_output_token'),
      wire: wireOf(ns, value),
      usage: {
        prompt_tokens: value('usage_prompt_tokens') ?? null,
        completion_tokens: value('usage_completion_tokens') ?? null,
        total_tokens: value('usage_total_tokens') ?? null,
      },
      requestedOsl,
      error: line.error,
    },
    {
      input: value('input_sequence_length') ?? value('error_isl'),
      output: value('output_token_count'),
      reasoning: value('reasoning_token_count'),
    },
  );
}

function wireOf(ns: (tag: string) => number, value: (tag: string) => number | undefined): WireTimes {
  const wire = new WireTimes();
  wire.connectStartNs = 0;
  wire.connectEndNs = ns('http_req_connecting');
  wire.sendStartNs = 0;
  wire.sendEndNs = ns('http_req_sending');
  wire.firstBodyNs = wire.sendEndNs + ns('http_req_waiting');
  wire.lastBodyNs = wire.firstBodyNs + ns('http_req_receiving');
  wire.reused = value('http_req_connection_reused') === 1;
  wire.bytesSent = (value('http_req_data_sent') ?? 0) * 1024;
  wire.writes = value('http_req_chunks_sent') ?? 0;
  wire.bytesReceived = (value('http_req_data_received') ?? 0) * 1024;
  wire.reads = value('http_req_chunks_received') ?? 0;
  return wire;
}
