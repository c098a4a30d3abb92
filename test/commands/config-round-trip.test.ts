import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputConfig } from '../../src/commands/profile/input-config.js';
import { prepareRun } from '../../src/commands/profile/prepare.js';
import type { Config } from '../../src/config/options.js';
import { ownKey } from '../../src/util/configuration.js';
import { profile } from '../config/profile-options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-round-trip-'));
const trace = join(folder, 'trace.jsonl');
writeFileSync(
  trace,
  [0, 100, 200]
    .map((timestamp) =>
      JSON.stringify({ timestamp, input_length: 600, output_length: 5, hash_ids: [1, timestamp] }),
    )
    .join('\n'),
);

/** What a run with these options says of itself in its files, without what AIPerf has no word for. */
async function echo(config: Config) {
  const prepared = await prepareRun(config, { version: '1', env: {} }, () => undefined);
  const { [ownKey]: _own, ...known } = inputConfig(config, prepared, '/artifacts');
  return known;
}

const base = '-m a --tokenizer builtin --random-seed 7 --isl 20 --osl 5';
const onFile = `-m a --tokenizer builtin --random-seed 7 --input-file ${trace} --custom-dataset-type mooncake_trace`;

const spans = join(folder, 'spans.json');
const call = {
  ...{ trace_id: 't', span_id: 's', start_time: '2026-03-01T10:00:00Z', end_time: '2026-03-01T10:00:01Z' },
  attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': 20 },
};
writeFileSync(spans, JSON.stringify({ spans: [call] }));
const onSpans = `-m a --tokenizer builtin --random-seed 7 --input-file ${spans} --custom-dataset-type otel_spans --inter-turn-delay-cap-seconds 2 --replay-speedup 10 --trace-idle-gap-cap-seconds 3 --max-idle-gap-cap-seconds 4`;

describe('the configuration in the files of a run is a config file of the same run', () => {
  it.each([
    `${base} --concurrency 4 --request-count 20`,
    `${base} --concurrency 4 --request-count 20 --request-cancellation-rate 30 --request-cancellation-delay 0.1`,
    `${base} --concurrency 4 --benchmark-duration 5.5 --goodput time_to_first_token:100 --slice-duration 1`,
    `${base} --request-rate 20 --request-count 20`,
    `${base} --request-rate 20 --arrival-pattern constant --request-count 20 --concurrency 9 --request-rate-ramp-duration 3`,
    `${base} --request-rate 20 --arrival-pattern gamma --arrival-smoothness 0.5 --benchmark-duration 9 --benchmark-grace-period 2`,
    `${base} --streaming --concurrency 8 --prefill-concurrency 2 --concurrency-ramp-duration 3 --prefill-concurrency-ramp-duration 4`,
    `${base} --concurrency 4 --conversation-num 3 --conversation-turn-mean 3 --conversation-turn-stddev 1 --conversation-turn-delay-mean 50 --conversation-turn-delay-stddev 5 --conversation-turn-delay-ratio 2`,
    `${base} --user-centric-rate 2 --num-users 3 --conversation-turn-mean 4 --request-count 30`,
    `${base} --isl-stddev 2.5 --osl-stddev 1.5 --num-dataset-entries 7 --dataset-sampling-strategy shuffle`,
    `${base} --concurrency 4 --warmup-request-count 4`,
    `${base} --request-rate 9 --warmup-duration 3 --warmup-grace-period 2 --warmup-concurrency 2 --concurrency 5`,
    `${base} --request-rate 9 --num-warmup-sessions 3 --warmup-arrival-pattern concurrency_burst`,
    `${base} --request-rate 9 --arrival-pattern gamma --arrival-smoothness 2 --request-rate-ramp-duration 3 --warmup-request-count 5`,
    `${base} --request-rate 9 --request-rate-ramp-duration 3 --warmup-request-count 5 --warmup-request-rate-ramp-duration 0`,
    `${onFile} --fixed-schedule`,
    `${onFile} --fixed-schedule --fixed-schedule-start-offset 50 --fixed-schedule-end-offset 150`,
    `${onFile} --fixed-schedule --fixed-schedule-auto-offset=false --concurrency 2`,
    `${onFile} --concurrency 2 --synthesis-speedup-ratio 2 --synthesis-max-osl 3 --synthesis-prompt-len-multiplier 2 --isl-block-size 256 --ignore-trace-delays`,
    `${onFile} --concurrency 2 --synthesis-prefix-len-multiplier 2 --synthesis-prefix-root-multiplier 3 --synthesis-output-len-multiplier 2 --synthesis-max-isl 3000`,
    '-m a,b --model-selection-strategy random --tokenizer builtin --random-seed 1 -u h:1 -u https://i --endpoint-type completions --custom-endpoint /x --request-timeout-seconds 9 --connection-reuse-strategy never --use-server-token-count --header X-A:1 --extra-inputs ignore_eos:true,temperature:0.5 --session-header X-S',
    onSpans,
    `${base} --export-level raw --export-http-trace --show-trace-timing --profile-export-prefix x --use-legacy-max-tokens`,
    `${base} --export-level summary --ui none --log-level DEBUG --workers-max 1`,
  ])('%s', async (line) => {
    const expected = await echo((await profile(line)).config);
    const path = join(folder, 'config.yaml');
    // JSON is YAML.
    writeFileSync(path, JSON.stringify({ schemaVersion: '2.0', benchmark: expected }));
    expect(await echo((await profile(['-f', path])).config)).toEqual(expected);
    const camel = JSON.stringify({ schemaVersion: '2.0', benchmark: expected }, (_, value) =>
      isPlain(value) ? camelCase(value) : value,
    );
    writeFileSync(path, camel);
    expect(await echo((await profile(['-f', path])).config)).toEqual(expected);
  });
});

it('holds how recorded pauses are shortened', async () => {
  const { datasets } = await echo((await profile(onSpans)).config);
  expect(datasets).toMatchObject([
    {
      format: 'otel_spans',
      inter_turn_delay_cap_seconds: 2,
      replay_speedup: 10,
      trace_idle_gap_cap_seconds: 3,
      max_idle_gap_cap_seconds: 4,
    },
  ]);
});

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The keys in camelCase; names of metrics and of members of a body are no keys of AIPerf's. */
function camelCase(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) =>
      ['time_to_first_token', 'ignore_eos'].includes(key)
        ? [key, member]
        : [key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), member],
    ),
  );
}
