import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Conversation } from '../../../src/dataset/conversation.js';
import type { DatasetOptions } from '../../../src/dataset/dataset-options.js';
import { asRecorded } from '../../../src/dataset/pace.js';
import { estimateBytes, isTrace, openDataset, planDataset, totalTurns } from '../../../src/dataset/plan.js';
import { UserError } from '../../../src/util/errors.js';
import { options } from '../options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-weka-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const request = (t: number, hash_ids: number[], more: object = {}) => ({
  ...{ t, type: 'n', model: 'opus', in: 64 * hash_ids.length, out: 10, hash_ids, api_time: 1 },
  ...more,
});
const subagent = (t: number, duration_ms: number | null, requests: object[], agent_id = 'a1') => ({
  ...{ t, type: 'subagent', agent_id, subagent_type: 'Explore', duration_ms, requests },
  ...{ total_tokens: null, tool_use_count: null, status: 'completed', models: ['opus'] },
});
const trace = (requests: object[], more: object = {}) => ({
  ...{ id: 't', models: ['opus'], block_size: 64, hash_id_scope: 'local', tool_tokens: 0, requests },
  ...more,
});

let files = 0;
function write(content: string, name = `${files++}.json`): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function planned(inputFile: string, more: Partial<DatasetOptions> = {}) {
  return planDataset({ ...options, inputFile, ...more }, () => {});
}

/** Prompts are their block numbers and length. */
async function conversationsOf(
  inputFile: string,
  more: Partial<DatasetOptions> = {},
): Promise<Conversation[]> {
  const plan = await planned(inputFile, more);
  const dataset = openDataset(plan, {
    prompt: (tokens) => `fresh/${tokens}`,
    blocks: (ids, tokens, size) => `${Array.from(ids).join('.')}/${tokens}/${size}`,
  });
  return Array.from({ length: dataset.size }, (_, index) => dataset.conversation(index));
}

const turnsOf = (conversation: Pick<Conversation, 'turns'> | undefined) =>
  conversation?.turns.map(({ texts, delayMs, maxTokens, waitsFor, timestampMs, model }) => ({
    ...{ text: texts[0]?.contents[0], maxTokens },
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...(model === 'm' ? {} : { model }),
  }));

describe('a trace', () => {
  it('is a session whose requests share the blocks of equal hash ids and wait as recorded', async () => {
    const path = write(
      JSON.stringify(
        trace([
          request(0, [7, 8]),
          // 1.5 s after the answer; the last block holds 2 of 64 tokens.
          request(2.5, [7, 8, 5], { type: 's', in: 130, out: 0, ttft: 0.5, think_time: 1 }),
          // More tokens than blocks, and blocks beyond the tokens.
          request(3.5, [7, 9], { in: 200 }),
          request(4.5, [7, 9, 10], { in: 65, api_time: null }),
          request(5, [], { in: 30 }),
        ]),
        null,
        2,
      ),
    );
    const [session, ...others] = await conversationsOf(path);
    expect(others).toEqual([]);
    expect(session).toMatchObject({ sessionId: 't', history: 'self-contained' });
    expect(turnsOf(session)).toEqual([
      { text: '0.1/128/64', maxTokens: 10, timestampMs: 0 },
      { text: '0.1.2/130/64', maxTokens: 1, delayMs: 1500 },
      { text: '0.3/200/64', maxTokens: 10 },
      { text: '0.3/65/64', maxTokens: 10 },
      { text: 'fresh/30', maxTokens: 10, delayMs: 500 },
    ]);
  });

  it('starts sub-agents after the request before them, and waits for them where it did', async () => {
    const path = write(
      JSON.stringify(
        trace([
          request(0, [1, 2]),
          // Recorded a little before the answer that starts it; the times of the first are its own.
          subagent(0.9, 5000, [request(0.2, [1, 3]), request(2.5, [1, 3, 4])]),
          subagent(1.5, null, [request(1.5, [1, 5]), request(4, [1, 5, 6], { api_time: 4 })], 'a2'),
          request(6, [1, 2, 7]),
          request(9, [1, 2, 7, 8]),
        ]),
      ),
    );
    const [session] = await conversationsOf(path);
    expect(session?.agents?.map(({ sessionId, parent }) => [sessionId, parent])).toEqual([
      ['t/a1', 0],
      ['t/a2', 0],
    ]);
    // Turns 0 to 2 are the main agent's, 3 and 4 those of a1, 5 and 6 those of a2.
    expect([session, ...(session?.agents ?? [])].map(turnsOf)).toEqual([
      [
        { text: '0.1/128/64', maxTokens: 10, timestampMs: 0 },
        // a1 ended at 5.9 s, its last answer at 3.5 s; a2 was still running.
        { text: '0.1.6/192/64', maxTokens: 10, delayMs: 2500, waitsFor: [4] },
        // 1 s after the last answer of a2.
        { text: '0.1.6.7/256/64', maxTokens: 10, delayMs: 1000, waitsFor: [6] },
      ],
      [
        // At 0.9 + 0.2 s.
        { text: '0.2/128/64', maxTokens: 10, delayMs: 100, waitsFor: [0] },
        { text: '0.2.3/192/64', maxTokens: 10, delayMs: 400 },
      ],
      [
        { text: '0.4/128/64', maxTokens: 10, delayMs: 500, waitsFor: [0] },
        { text: '0.4.5/192/64', maxTokens: 10, delayMs: 1500 },
      ],
    ]);
  });

  it('has an agent more for requests that were in flight at once', async () => {
    const path = write(
      JSON.stringify(trace([request(0, [1]), request(2, [2]), request(2.5, [3]), request(4, [4])])),
    );
    const [session] = await conversationsOf(path);
    expect([session, ...(session?.agents ?? [])].map(turnsOf)).toEqual([
      [
        { text: '0/64/64', maxTokens: 10, timestampMs: 0 },
        { text: '1/64/64', maxTokens: 10, delayMs: 1000 },
      ],
      [
        { text: '2/64/64', maxTokens: 10, delayMs: 1500, waitsFor: [0] },
        { text: '3/64/64', maxTokens: 10, delayMs: 500, waitsFor: [1] },
      ],
    ]);
  });

  it('keeps its hash ids apart from those of others, and takes the models in their order', async () => {
    const one = trace([
      request(0, [1]),
      request(2, [1, 2], { model: 'haiku' }),
      request(4, [1], { model: 'sonnet' }),
    ]);
    const path = write(`${JSON.stringify(one)}\n${JSON.stringify({ ...one, id: 'u' })}\n`);
    const sessions = await conversationsOf(path, { models: ['large', 'small'] });
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual(['t', 'u']);
    expect(sessions.map((session) => turnsOf(session)?.map(({ text, model }) => [text, model]))).toEqual([
      [
        ['0/64/64', 'large'],
        ['0.1/128/64', 'small'],
        ['0/64/64', 'large'],
      ],
      [
        ['2/64/64', 'large'],
        ['2.3/128/64', 'small'],
        ['2/64/64', 'large'],
      ],
    ]);
  });

  it('of a folder is one of each file; --isl-block-size is that of all', async () => {
    const path = join(folder, 'traces');
    mkdirSync(path);
    write(JSON.stringify(trace([request(0, [1, 2])], { id: 'b' }), null, 1), 'traces/2.json');
    write(JSON.stringify(trace([request(0, [1])], { id: 'a', block_size: 32 })), 'traces/1.json');
    const sessions = await conversationsOf(path, { blockSize: 128 });
    expect(sessions.map((session) => [session.sessionId, turnsOf(session)?.[0]?.text])).toEqual([
      ['a', '0/64/128'],
      ['b', '1/128/128'],
    ]);
    await expect(planned(path)).rejects.toThrow(
      new UserError(
        `${path}/2.json:1: block_size is 64, and 32 in the traces before it`,
        'send them one after the other, or set --isl-block-size',
      ),
    );
  });

  it('is a trace, whose pauses can be cut', async () => {
    const path = write(JSON.stringify(trace([request(0, [1]), request(61, [1, 2])])));
    const plan = await planned(path);
    expect([isTrace(plan), totalTurns(plan), estimateBytes(plan)]).toEqual([true, 2, 192 * 4.2]);
    const [session] = await conversationsOf(path, { pace: { ...asRecorded, maxSessionIdleMs: 5000 } });
    expect(turnsOf(session)?.[1]?.delayMs).toBe(5000);
  });
});

describe('a malformed trace is refused:', () => {
  it.each([
    [trace([request(0, [1]), { ...request(1, [1]), in: -5 }]), 'requests[1]: in must be at least 0, got -5'],
    [trace([{ ...request(0, [1]), t: undefined }]), 'requests[0]: t is missing'],
    [trace([{ ...request(0, [1]), type: 'x' }]), 'requests[0]: type must be n, s or subagent, got "x"'],
    [
      trace([request(0, [1]), subagent(1, 1, [request(1, [1]), { ...request(2, [1]), hash_ids: ['x'] }])]),
      'requests[1].requests[1]: hash_ids[0] must be an integer of at most 64 bits, got "x"',
    ],
    [
      trace([request(0, [1])], { hash_id_scope: 'global' }),
      'hash_id_scope must be local: ids of one trace mean nothing in another, got "global"',
    ],
    [trace([request(0, [1])], { block_size: 0 }), 'block_size must be at least 1, got 0'],
    [trace([]), 'requests holds no request to send'],
  ])('%#', async (row, message) => {
    const path = write(`${JSON.stringify(trace([request(0, [1])]))}\n${JSON.stringify(row)}\n`);
    await expect(planned(path)).rejects.toThrow(new UserError(`${path}:2: ${message}`));
  });

  it('text that is not JSON', async () => {
    const path = write('{"hash_id_scope": "local",\n "requests": [,]}');
    await expect(planned(path)).rejects.toThrow(`${path}:1: `);
  });
});
