import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointTypes } from '../../src/config/options.js';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import { aiperf, readJson, readRecords, temporaryFolder } from './aiperf.js';

// Every command of docs/endpoints.md runs against the simulated server.
const page = readFileSync('docs/endpoints.md', 'utf8');
const commands = [...page.matchAll(/^aiperf (profile .*)$/gm)].map(([, line = '']) => line);
const typeOf = (command: string) => /--endpoint-type (\w+)/.exec(command)?.[1] ?? '';

const text = ['request_latency', 'output_sequence_length', 'input_sequence_length'];
const streamed = [...text, 'time_to_first_token', 'inter_token_latency', 'output_token_throughput'];

const prompted = ['request_latency', 'input_sequence_length', 'input_token_throughput'];
/** Types whose requests hold no text. */
const textless = ['audio_transcription', 'image_retrieval'];
const generated = ['output_sequence_length', 'time_to_first_token', 'output_token_throughput'];

/** Metrics that a run of the type must have; those of its kind that it must not have are `absent`. */
const expected: Readonly<Record<string, { has: readonly string[]; absent?: readonly string[] }>> = {
  chat: { has: streamed },
  completions: { has: streamed },
  responses: { has: streamed },
  messages: { has: streamed },
  huggingface_generate: { has: streamed },
  sglang_generate: { has: streamed },
  solido_rag: {
    has: ['request_latency', 'time_to_first_token', 'output_token_throughput'],
    absent: ['input_sequence_length'],
  },
  raw: { has: ['request_latency', 'output_token_throughput'], absent: ['time_to_first_token'] },
  template: { has: generated, absent: ['input_sequence_length'] },
  embeddings: { has: prompted, absent: generated },
  chat_embeddings: { has: prompted, absent: generated },
  nim_embeddings: { has: prompted, absent: generated },
  nim_rankings: { has: prompted, absent: generated },
  cohere_rankings: { has: prompted, absent: generated },
  hf_tei_rankings: { has: prompted, absent: generated },
  audio_transcription: { has: ['request_latency', 'audio_duration', 'rtfx'], absent: text.slice(1) },
  audio_speech: {
    has: [...prompted, 'time_to_first_audio_byte', 'output_audio_duration', 'real_time_factor'],
    absent: ['output_sequence_length'],
  },
  image_generation: { has: prompted, absent: ['output_sequence_length'] },
  image_edit: { has: prompted, absent: ['output_sequence_length', 'num_images'] },
  video_generation: {
    has: [...prompted, 'video_inference_time', 'video_peak_memory'],
    absent: ['output_sequence_length'],
  },
  image_retrieval: { has: ['request_latency', 'image_throughput', 'image_latency'], absent: text.slice(1) },
};

/** Tokens of each request: those of the prompts, or of the query and the passages. */
function inputTokens(command: string): number {
  const value = (option: string) => Number(new RegExp(`--${option} (\\d+)`).exec(command)?.[1] ?? 1);
  if (!command.includes('--rankings')) return value('isl') * value('batch-size');
  const passages = value('rankings-passages-mean') * value('rankings-passages-prompt-token-mean');
  return value('rankings-query-prompt-token-mean') + passages;
}

let server: MockServer;
beforeAll(async () => {
  server = await startMockServer({ port: 0, ttftMs: 5, itlMs: 1, dialect: 'plain' });
});
afterAll(() => server.close());

describe('the commands of docs/endpoints.md', () => {
  it('show every endpoint type', () => {
    expect([...new Set(commands.map(typeOf))].sort()).toEqual([...endpointTypes].sort());
  });

  it.concurrent.each(commands)('%s', async (command) => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'bodies.jsonl'),
      '{"messages":[{"role":"user","content":"hello there"}],"max_tokens":3}\n'.repeat(4),
    );
    writeFileSync(
      join(folder, 'body.jinja'),
      /^```json\n(.*)\n```$/m.exec(page)?.[1] ?? 'docs/endpoints.md has no template',
    );
    const words = command
      .split(' ')
      .map((word) => word.replace(/bodies\.jsonl|body\.jinja/, (name) => join(folder, name)));
    const { code, stderr } = await aiperf([
      ...words,
      ...['--url', `127.0.0.1:${server.port}`, '--ui', 'none', '--no-gpu-telemetry', '--no-server-metrics'],
      ...(textless.includes(typeOf(command)) ? [] : ['--tokenizer', 'builtin']),
      ...['--artifact-dir', folder],
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    const { has, absent = [] } = expected[typeOf(command)] ?? { has: [] };
    expect(Object.keys(summary)).toEqual(expect.arrayContaining([...has, 'request_count']));
    expect(absent.filter((tag) => tag in summary)).toEqual([]);
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    expect(records.map(({ error }) => error)).toEqual(records.map(() => undefined));
    if (has.includes('output_sequence_length')) {
      // The simulated server answers with as many tokens as are asked for, in words of one token each.
      const asked = Number(/--osl (\d+)/.exec(command)?.[1]);
      expect(records.map(({ metrics }) => metrics.output_sequence_length?.value)).toEqual(
        records.map(() => asked),
      );
    }
    // The simulated server counts input in its own way.
    if (has.includes('input_sequence_length') && !command.includes('--use-server-token-count')) {
      const isl = inputTokens(command);
      expect(records.map(({ metrics }) => metrics.input_sequence_length?.value)).toEqual(
        records.map(() => isl),
      );
    }
  });
});
