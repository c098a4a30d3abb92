import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../../src/dataset/dataset-options.js';
import { openDataset, planDataset, totalTurns, turnsOf } from '../../../src/dataset/plan.js';
import type { PromptSource } from '../../../src/dataset/prompts.js';
import { turnTimings } from '../../../src/dataset/turn-timings.js';
import { UserError } from '../../../src/util/errors.js';
import { options } from '../options.js';

const file = join(mkdtempSync(join(tmpdir(), 'aiperf-dag-')), 'dag.jsonl');
const prompts: PromptSource = {
  prompt: (tokens) => `${tokens} words`,
  blocks: (ids, tokens) => `${tokens} words of ${Array.from(ids).join(',')}`,
};
const user = (content: string) => ({ role: 'user', content });
const say = (content: string, more: object = {}) => ({ messages: [user(content)], ...more });

async function load(rows: readonly object[], changes: Partial<DatasetOptions> = {}) {
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const plan = await planDataset({ ...options, inputFile: file, ...changes }, () => {});
  const dataset = openDataset(plan, prompts);
  return {
    plan,
    conversations: Array.from({ length: dataset.size }, (_, index) => dataset.conversation(index)),
  };
}

async function refusal(rows: readonly object[], changes: Partial<DatasetOptions> = {}): Promise<string> {
  try {
    await load(rows, changes);
  } catch (error) {
    if (error instanceof UserError) return error.message.replaceAll(file, 'FILE');
    throw error;
  }
  throw new Error('it was not refused');
}

describe('dag_jsonl', () => {
  it('ties forks, spawns and joins together', async () => {
    const { plan, conversations } = await load([
      { session_id: 'kid', turns: [say('k0'), say('k1', { delay: 7 })] },
      {
        session_id: 'root',
        turns: [
          say('r0', {
            spawns: ['kid', { children: ['late'], join_at: 2 }, { children: ['free'], background: true }],
          }),
          say('r1', { forks: [{ child: 'side', background: true }] }),
          say('r2', { forks: ['end'], max_tokens: 5, model: 'other', extra: { top_p: 0.5 } }),
        ],
      },
      ...['late', 'free', 'side', 'end'].map((session_id) => ({ session_id, turns: [say(session_id)] })),
      { session_id: 'alone', turns: [say('x')] },
    ]);
    expect([plan.kind, conversations.length, totalTurns(plan), turnsOf(plan, 0), turnsOf(plan, 1)]).toEqual([
      'graphs',
      2,
      10,
      9,
      1,
    ]);
    const [root, alone] = conversations;
    // Turns: root 0 to 2, kid 3 and 4, late 5, free 6, side 7, end 8.
    expect(root?.turns.map(({ waitsFor }) => waitsFor)).toEqual([undefined, [4], [5]]);
    expect(
      root?.agents?.map(({ sessionId, parent, forkOf, turns }) => [
        sessionId,
        parent,
        forkOf,
        turns.map(({ waitsFor }) => waitsFor),
      ]),
    ).toEqual([
      ['kid', 0, undefined, [[0], undefined]],
      ['late', 0, undefined, [[0]]],
      ['free', 0, undefined, [[0]]],
      ['side', 0, 1, [[1]]],
      ['end', 0, 2, [[2]]],
    ]);
    expect(root?.turns[2]).toEqual({
      role: 'user',
      texts: [],
      messages: [user('r2')],
      model: 'other',
      maxTokens: 5,
      extra: { top_p: 0.5 },
      waitsFor: [5],
    });
    expect(root?.agents?.[0]?.turns[1]).toMatchObject({ delayMs: 7, model: 'm' });
    expect(alone).toMatchObject({ sessionId: 'alone', history: 'live-answers' });
    expect(alone).not.toHaveProperty('agents');
  });

  it('lets turns wait for others by name, and agents start with the session', async () => {
    const { conversations } = await load([
      {
        session_id: 'root',
        pre_session_spawns: ['a', 'b'],
        turns: [say('r0'), say('r1', { waits_for: ['a', { session_id: 'b', turn: 0 }] })],
      },
      { session_id: 'a', turns: [say('a0')] },
      { session_id: 'b', turns: [say('b0', { waits_for: ['a'] }), say('b1')] },
    ]);
    // Root 0 and 1, a 2, b 3 and 4.
    const [root] = conversations;
    expect(root?.turns.map(({ waitsFor }) => waitsFor)).toEqual([undefined, [2, 3]]);
    expect(root?.agents?.map(({ turns }) => turns.map(({ waitsFor }) => waitsFor))).toEqual([
      [undefined],
      [[2], undefined],
    ]);
  });

  it('starts an agent as often as it is spawned, each time by itself', async () => {
    const { conversations } = await load([
      { session_id: 'root', turns: [say('0', { spawns: ['kid'] }), say('1', { spawns: ['kid'] }), say('2')] },
      { session_id: 'kid', turns: [say('k', { spawns: ['grandkid'] }), say('l')] },
      { session_id: 'grandkid', turns: [say('g')] },
    ]);
    const [root] = conversations;
    // Root 0 to 2, kids 3, 4 and 5, 6, their children 7 and 8.
    expect(root?.turns.map(({ waitsFor }) => waitsFor)).toEqual([undefined, [4], [6]]);
    expect(root?.agents?.map(({ parent, turns }) => [parent, turns.map(({ waitsFor }) => waitsFor)])).toEqual(
      [
        [0, [[0], [7]]],
        [0, [[1], [8]]],
        [1, [[3]]],
        [2, [[5]]],
      ],
    );
  });

  it('makes a leading system text that of the agent and its forks', async () => {
    const system = { role: 'system', content: 'be terse' };
    const rows = [
      { session_id: 'root', turns: [{ messages: [system, user('q')], forks: ['kid'], spawns: ['other'] }] },
      { session_id: 'kid', turns: [say('k')] },
      { session_id: 'other', turns: [say('o')] },
    ];
    const [root] = (await load(rows)).conversations;
    expect([root?.systemMessage, root?.turns[0]?.messages]).toEqual(['be terse', [user('q')]]);
    expect(root?.agents?.map(({ systemMessage }) => systemMessage)).toEqual(['be terse', undefined]);
    const asked = (await load(rows, { systemPrompt: 'Hi.' })).conversations[0];
    expect([asked, ...(asked?.agents ?? [])].map((agent) => agent?.systemMessage)).toEqual([
      'Hi.\n\nbe terse',
      'Hi.\n\nbe terse',
      'Hi.',
    ]);
    const [without] = (await load(rows, { endpointHasSystemSlot: false })).conversations;
    expect(without?.turns[0]?.messages).toEqual([system, user('q')]);
  });

  it('generates text of a length, and sends turns of a recorded array alone', async () => {
    const { plan, conversations } = await load(
      [
        { session_id: 'root', turns: [{ input_length: 9, spawns: ['kid'] }] },
        {
          session_id: 'kid',
          context_mode: 'message_array_with_responses',
          turns: [{ input_length: 6, hash_ids: [3, 4] }],
        },
      ],
      { blockSize: 4 },
    );
    const [root] = conversations;
    expect(root?.turns[0]).toMatchObject({
      texts: [{ name: 'text', contents: ['9 words'] }],
      inputTokens: 9,
    });
    expect(root?.agents?.[0]).toMatchObject({
      history: 'self-contained',
      turns: [{ texts: [{ name: 'text', contents: ['6 words of 3,4'] }] }],
    });
    expect(plan.kind === 'graphs' && plan.generatedTokens).toBe(15);
  });

  it('has the time of its first turn only, and turns before it in the window go with it', async () => {
    const { plan } = await load([
      {
        session_id: 'root',
        turns: [say('0', { timestamp: 40, spawns: ['kid'] }), say('1', { timestamp: 90 })],
      },
      { session_id: 'kid', turns: [say('k', { timestamp: 50 })] },
    ]);
    const timings = turnTimings(plan);
    expect([plan.kind === 'graphs' && plan.hasTimestamps, timings.nameOf(0)]).toEqual([
      true,
      `session root (${file}:1)`,
    ]);
    expect(timings.turns(0).map(({ timestampMs }) => timestampMs)).toEqual([40, undefined, undefined]);
  });

  const kid = { session_id: 'kid', turns: [say('k')] };
  const root = (turn: object, ...later: object[]) => ({
    session_id: 'root',
    turns: [say('q', turn), ...later],
  });
  it.each<[string, readonly object[], string]>([
    [
      'an unknown child',
      [root({ spawns: ['no'] })],
      '1: session root starts session no, which is not in the file',
    ],
    ['a session twice', [kid, root({}), kid], '3: session kid is there twice, first in line 1'],
    ['a child twice', [root({ spawns: ['kid', 'kid'] }), kid], '1: turns[0]: spawns names session kid twice'],
    [
      'two parents of a fork',
      [root({ forks: ['kid'] }), { session_id: 'b', turns: [say('b', { forks: ['kid'] })] }, kid],
      '2: session kid is forked twice, first in line 1: it cannot have two histories',
    ],
    [
      'a fork before the last turn',
      [root({ forks: ['kid'] }, say('r')), kid],
      '1: turns[0]: forks[0] is not on the last turn: a fork ends its parent; to let the parent go on, write {"child": "kid", "background": true}',
    ],
    [
      'a fork without history',
      [root({ forks: ['kid'] }), { ...kid, context_mode: 'message_array_with_responses' }],
      "1: session kid is forked, but its context_mode leaves its parent's history out",
    ],
    [
      'a circle of starts',
      [root({ spawns: ['kid'] }), { session_id: 'kid', turns: [say('k', { spawns: ['root'] })] }],
      '1: sessions start each other in a circle: root → kid → root',
    ],
    [
      'an agent that starts itself',
      [root({ spawns: ['root'] })],
      '1: sessions start each other in a circle: root → root',
    ],
    [
      'a circle of waits',
      [
        root({ spawns: ['kid'] }, say('r')),
        { session_id: 'kid', turns: [say('k', { waits_for: [{ session_id: 'root', turn: 1 }] })] },
      ],
      '1: turns wait for each other in a circle: root[1] → kid[0] → root[1]',
    ],
    [
      'a wait for another graph',
      [root({ waits_for: ['kid'] }), kid],
      '1: turns[0] of session root waits for session kid, which is not part of the same conversation graph',
    ],
    [
      'a wait for one of several',
      [root({ spawns: ['kid'] }, say('a', { spawns: ['kid'] }), say('b', { waits_for: ['kid'] })), kid],
      '1: turns[2] of session root waits for session kid, which the graph starts more than once: give each its own session_id',
    ],
    [
      'a wait for a turn that is not there',
      [root({ spawns: ['kid'] }, say('a', { waits_for: [{ session_id: 'kid', turn: 1 }] })), kid],
      '1: turns[1] of session root waits for session kid, turn 1, but it has 1 (counted from 0)',
    ],
    [
      'a join in the past',
      [root({ spawns: [{ children: ['kid'], join_at: 0 }] }, say('a')), kid],
      '1: turns[0]: spawns[0].join_at must be a later turn, 1 to 1, got 0',
    ],
    [
      'a misspelt key',
      [root({ spawn: ['kid'] }), kid],
      '1: turns[0]: unknown key spawn; known are messages, input_length, hash_ids, model, max_tokens, tools, extra, forks, spawns, waits_for, delay, timestamp',
    ],
    ['no session', [{ turns: [say('q')] }], '1: session_id is missing: every agent needs one'],
    ['no turns', [kid, { session_id: 'b', turns: [] }], '2: turns must hold at least one turn'],
    [
      'nothing to send',
      [kid, { session_id: 'b', turns: [{ delay: 1 }] }],
      '2: turns[0]: exactly one of messages and input_length is expected, got none',
    ],
    ['a delay below 0', [root({ delay: -1 })], '1: turns[0]: delay must be at least 0, got -1'],
    ['a cap of no tokens', [root({ max_tokens: 0 })], '1: turns[0]: max_tokens must be at least 1, got 0'],
    [
      'a child that is no name',
      [root({ spawns: [5] })],
      '1: turns[0]: spawns[0] must be a session_id, got 5',
    ],
    [
      'an orchestrator',
      [kid, { session_id: 'o', orchestrator: true, turns: [], spawns: ['kid'] }],
      '2: orchestrator: conversations that send no request of their own (orchestrators) are not supported; give the row turns, or list agents that start with it in pre_session_spawns',
    ],
  ])('is refused for %s', async (_, rows, problem) => {
    expect(await refusal(rows)).toBe(`FILE:${problem}`);
  });

  it('is refused for more agents than a session can have', async () => {
    // 101 agents that each start 101 more.
    const names = (level: string) => Array.from({ length: 101 }, (_, i) => `${level}${i}`);
    const rows = [
      root({ spawns: names('a') }),
      ...names('a').map((session_id) => ({ session_id, turns: [say('a', { spawns: names('b') })] })),
      ...names('b').map((session_id) => ({ session_id, turns: [say('b')] })),
    ];
    expect(await refusal(rows)).toBe('FILE:1: the session has more than 10000 agents');
  });
});
