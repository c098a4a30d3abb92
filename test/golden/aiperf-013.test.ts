import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { startMockServer } from '../../src/mock-server/server.js';
import type { MockServerSettings } from '../../src/mock-server/settings.js';
import { aiperf, temporaryFolder } from '../e2e/aiperf.js';
import { goldenIsThere, goldenText } from '../metrics/golden.js';
import { differences } from './compare.js';

// What AIPerf 0.13.0 wrote is a drop-in's measure. The same commands run here against a server of the same pacing.

/** Each recorded run with what its server did; every server reported usage when asked, and counted it its own way. */
const runs: Readonly<Record<string, Partial<MockServerSettings>>> = {
  stream: { ttftMs: 50, itlMs: 10 },
  errors: { ttftMs: 20, itlMs: 5, fail: 5, midfail: 7 },
  whole: { ttftMs: 20, itlMs: 5 },
  text: { ttftMs: 20, itlMs: 5 },
  think: { ttftMs: 20, itlMs: 5, reasoningTokens: 8 },
  turns: { ttftMs: 20, itlMs: 5 },
};

/** Where we differ, and why: the only ones that are allowed. */
const exceptions: readonly (readonly [difference: RegExp, reason: string])[] = [
  [
    /^console: title .*(NVIDIA )?AIPerf \| (LLM Metrics|Error Summary) is (missing|new)$/,
    'no company name in titles',
  ],
  [
    /^console: title NVIDIA AIPerf \| LLM Metrics: (Active|Effective|Usage) is missing$/,
    'group tables are printed on request only',
  ],
  [
    /^(json: key|csv: row) (active|effective)[ _](\w+[ _])*(throughput|concurrency).* is missing$/i,
    'without first tokens nobody knows prefill from decode: where theirs has rows of zeros, ours has none',
  ],
  [
    /^(jsonl: metric of valid records (credit_to_start_latency|effective_latency)|(jsonl: metric of valid records|json: key) effective_time_to_first_token|csv: row Effective Time to First Token \(CO-aware\) \(ms\)) is new$/,
    'what each request waited from the time it was due, which theirs knows of the whole run only',
  ],
  [/^(json: key|csv: row) tokens[ _]in[ _]flight\b.* is missing$/i, 'and so with this one of them'],
  [
    /^console: (row of LLM Metrics .*\(error-adjusted\)\n\(ms\) is missing|title .*counting failures as infinite is new)$/,
    'rows that count failures as infinite have a table of their own: mixed with the others they mislead',
  ],
  [
    /^(console: (panel|sentence No) GPU .*|json: key telemetry_data|csv: section Endpoint,GPU_Index,.*) is missing$/,
    'nothing is written about GPUs where there are none',
  ],
  [
    /^console: sentence Token usage is reported but is missing$/,
    'advice on prompt caches that nobody asked for',
  ],
  [
    /^json: key of input_config (gpu_telemetry|server_metrics|network_latency|otel|mlflow|wandb) is missing$/,
    'the configuration is echoed by our own options; there are none of these',
  ],
  [/^files: file \.aiperf_results_ready\.json is missing$/, 'a signal between services that we do not have'],
  [
    /^(json: key of error ClientPayloadError error_details|jsonl: error key of records of ClientPayloadError)[. ]cause(_chain)? is missing$/,
    'their HTTP client wraps one exception in another; ours gives one, with all that is known',
  ],
  [/^console: cells of (400|N\/A) is /, 'each server words its refusals, each client its broken streams'],
  [
    /^(json: key|csv: row|jsonl: metric of valid records) .*usage.reasoning.* is new$/i,
    'our simulated server reports reasoning tokens, theirs did not',
  ],
  [
    /^(json: key|csv: row|jsonl: metric of valid records) (overall)?.?thinking.efficiency.* is new$/i,
    'shares of reasoning, which theirs shows to its developers only',
  ],
  [/^json: key fidelity is new$/, 'the verdict on the client'],
  [/^files: file run_config\.json is new$/, 'what a report of a run that was killed needs to know of it'],
  [/^csv: line end is CRLF, there LF$/, 'the recorded copies lost the CR of the original, which writes CRLF'],
];

const found = new Map<string, string[]>();

const golden = (run: string) =>
  fileURLToPath(new URL(`../../../shared/reference/golden/${run}`, import.meta.url));

describe.runIf(goldenIsThere)('beside AIPerf 0.13.0', () => {
  beforeAll(async () => {
    await Promise.all(
      Object.entries(runs).map(async ([run, settings]) => found.set(run, await compare(run, settings))),
    );
  });

  it.each(Object.keys(runs))('%s differs only where it is meant to', (run) => {
    expect(
      found.get(run)?.filter((line) => !exceptions.some(([difference]) => difference.test(line))),
    ).toEqual([]);
  });

  it('a streamed run has every metric over time', () => {
    const missing = /^(json|csv): .*(active|effective|in.flight).* is missing$/i;
    expect(found.get('whole')?.some((line) => missing.test(line))).toBe(true);
    for (const run of ['stream', 'errors', 'think'])
      expect(found.get(run)?.filter((line) => missing.test(line))).toEqual([]);
  });

  it('and a run without streaming is seen to be another than one with it', () => {
    const lines = differences({ ours: golden('whole'), theirs: golden('stream') });
    for (const expected of [
      'files: file inputs.json is missing',
      'json: key time_to_first_token is missing',
      'csv: row Time to First Token (ms) is missing',
      'jsonl: metric of valid records time_to_first_token is missing',
      'console: row of LLM Metrics Time to First Token (ms) is missing',
    ]) {
      expect(lines).toContain(expected);
    }
    expect(lines.filter((line) => line.startsWith('inputs: line 1 is '))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('json: cli_command is '))).toHaveLength(1);
  });

  it('each exception is still one', () => {
    const all = [...found.values()].flat();
    expect(exceptions.filter(([difference]) => !all.some((line) => difference.test(line)))).toEqual([]);
  });
});

async function compare(run: string, settings: Partial<MockServerSettings>): Promise<string[]> {
  // Three bytes a token: far from the tokenizer's count, as that server's was.
  const server = await startMockServer({ port: 0, dialect: 'plain', bytesPerToken: 3, ...settings });
  try {
    const ours = join(temporaryFolder(), run);
    const command = goldenText(`${run}/command.txt`)
      .trim()
      .replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${server.port}`);
    const [, ...words] = command.split(' ');
    expect(await aiperf([...words, '--artifact-dir', ours])).toMatchObject({ code: 0, stderr: '' });
    return differences({ ours, theirs: golden(run) });
  } finally {
    await server.close();
  }
}
