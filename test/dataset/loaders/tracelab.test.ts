import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Conversation } from '../../../src/dataset/conversation.js';
import type { DatasetOptions } from '../../../src/dataset/dataset-options.js';
import { isTrace, openDataset, planDataset } from '../../../src/dataset/plan.js';
import { UserError } from '../../../src/util/errors.js';
import { options } from '../options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-tracelab-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const iso = (seconds: number) => new Date(Date.parse('2026-03-01T10:00:00Z') + 1000 * seconds).toISOString();

/** A round, sent and returned at so many seconds, with its input tokens and those of them that were cached. */
const round = (
  session_id: string,
  from: number,
  to: number,
  total: number,
  cached: number,
  more: object = {},
) => ({
  ...{ session_id, provider: 'claude', user: 'u', project: 'p', model: 'opus' },
  ...{
    round_index: 0,
    input_tokens_total: total,
    prefix_tokens: cached,
    newly_append_tokens: total - cached,
  },
  ...{ output_tokens: 10, reasoning_output_tokens: null },
  timing_events: [
    { event_type: 'user_message', timestamp: iso(from - 0.25) },
    { event_type: 'tool_result', timestamp: iso(from) },
    { event_type: 'reasoning', timestamp: iso((from + to) / 2) },
    { event_type: 'tool_call', timestamp: iso(to) },
  ],
  ...more,
});
const tool = (tool_name: string, from: number, to: number) => ({
  ...{ tool_name, emitted_at: iso(from), result_at: iso(to), tool_wall_latency_ms: 1000 * (to - from) },
});

let files = 0;
function write(...rows: readonly object[]): string {
  const path = join(folder, `${files++}.jsonl`);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

/** Per session its agents, per agent its turns; prompts are their block numbers and length. */
async function sessionsOf(inputFile: string, more: Partial<DatasetOptions> = {}) {
  const plan = await planDataset({ ...options, inputFile, ...more }, () => {});
  expect(isTrace(plan)).toBe(true);
  const dataset = openDataset(plan, {
    prompt: (tokens) => `fresh/${tokens}`,
    blocks: (ids, tokens, size) => `${Array.from(ids).join('.')}/${tokens}/${size}`,
  });
  return Array.from({ length: dataset.size }, (_, index) => {
    const session = dataset.conversation(index);
    return [session, ...(session.agents ?? [])].map(agentOf);
  });
}

const agentOf = ({ sessionId, turns }: Pick<Conversation, 'sessionId' | 'turns'>) => [
  sessionId,
  ...turns.map(({ texts, delayMs, maxTokens, waitsFor, timestampMs, model }) => ({
    ...{ text: texts[0]?.contents[0], maxTokens },
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...(model === 'm' ? {} : { model }),
  })),
];

describe('rounds', () => {
  it('are the turns of their session in the order of their times, and share the blocks that were cached', async () => {
    const path = write(
      // Two blocks of 64 tokens, then one of 22.
      round('b', 5, 6, 150, 0),
      round('a', 103, 104, 130, 0),
      // A block and a half was cached, so one is shared.
      round('b', 8, 9, 200, 100, { reasoning_output_tokens: 5 }),
      // Compacted: more was cached than the prompt has.
      round('b', 9.5, 10, 64, 90, { output_tokens: 0 }),
    );
    expect(await sessionsOf(path)).toEqual([
      [
        [
          'b',
          { text: '0.1.2/150/64', maxTokens: 10, timestampMs: 0 },
          { text: '0.3.4.5/200/64', maxTokens: 15, delayMs: 2000 },
          { text: '0/64/64', maxTokens: 1, delayMs: 500 },
        ],
      ],
      [['a', { text: '6.7.8/130/64', maxTokens: 10, timestampMs: 98_000 }]],
    ]);
  });

  it('of a session that ran within a call of an agent tool are those of a sub-agent', async () => {
    const path = write(
      round('lead', 0, 2, 64, 0, { tools: [tool('Task', 1.5, 20)] }),
      // Sent before the answer that starts it was whole.
      round('sub', 1.75, 5, 64, 0, { model: 'haiku' }),
      round('sub', 6, 7, 128, 64, { model: 'haiku' }),
      round('other user', 3, 4, 64, 0, { user: 'v' }),
      round('too late', 19, 21, 64, 0),
      round('lead', 20.5, 22, 128, 64),
    );
    expect(await sessionsOf(path, { models: ['large', 'small'] })).toEqual([
      [
        [
          'lead',
          { text: '0/64/64', maxTokens: 10, timestampMs: 0, model: 'large' },
          { text: '0.1/128/64', maxTokens: 10, delayMs: 13_500, waitsFor: [3], model: 'large' },
        ],
        [
          'lead/sub',
          { text: '2/64/64', maxTokens: 10, waitsFor: [0], model: 'small' },
          { text: '2.3/128/64', maxTokens: 10, delayMs: 1000, model: 'small' },
        ],
      ],
      [['other user', { text: '4/64/64', maxTokens: 10, timestampMs: 3000, model: 'large' }]],
      [['too late', { text: '5/64/64', maxTokens: 10, timestampMs: 19_000, model: 'large' }]],
    ]);
  });

  it('of agents of Codex run beside their session until it has waited for them; sub-agents have their own', async () => {
    const codex = { provider: 'codex' };
    const path = write(
      round('lead', 0, 1, 64, 0, { ...codex, tools: [tool('spawn_agent', 0.9, 1)] }),
      round('x', 2, 3, 64, 0, { tools: [tool('Agent', 3, 15)] }),
      round('y', 4, 5, 64, 0),
      round('lead', 4, 6, 64, 64, codex),
      round('lead', 7, 8, 64, 64, { ...codex, tools: [tool('wait_agent', 8, 30)] }),
      round('x', 16, 17, 64, 64),
      round('lead', 31, 32, 64, 64, codex),
    );
    expect(await sessionsOf(path)).toEqual([
      [
        [
          'lead',
          { text: '0/64/64', maxTokens: 10, timestampMs: 0 },
          { text: '0/64/64', maxTokens: 10, delayMs: 3000 },
          { text: '0/64/64', maxTokens: 10, delayMs: 1000 },
          { text: '0/64/64', maxTokens: 10, delayMs: 14_000, waitsFor: [5] },
        ],
        [
          'lead/x',
          { text: '1/64/64', maxTokens: 10, delayMs: 1000, waitsFor: [0] },
          { text: '1/64/64', maxTokens: 10, delayMs: 11_000, waitsFor: [6] },
        ],
        ['lead/y', { text: '2/64/64', maxTokens: 10, delayMs: 1000, waitsFor: [4] }],
      ],
    ]);
  });
});

describe('a malformed round is refused:', () => {
  it.each([
    [{ session_id: null }, 'session_id is missing'],
    [{ input_tokens_total: -1 }, 'input_tokens_total must be at least 0, got -1'],
    [
      { timing_events: [{ event_type: 'text', timestamp: 'noon' }] },
      'timestamp must be a time like 2023-11-16 18:17:03.9799600, got "noon"',
    ],
  ])('%j', async (change, message) => {
    const path = write(round('a', 0, 1, 64, 0), { ...round('a', 2, 3, 64, 0), ...change });
    await expect(sessionsOf(path)).rejects.toThrow(new UserError(`${path}:2: ${message}`));
  });

  it('a file without times', async () => {
    const path = write({ ...round('a', 0, 1, 64, 0), timing_events: [] });
    await expect(sessionsOf(path)).rejects.toThrow(
      new UserError(`${path} holds no round with times`, 'expected timing_events with timestamps'),
    );
  });
});
