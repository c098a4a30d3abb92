import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type CacheBust,
  type MarkerPlace,
  markerOf,
  openMarks,
  planSessionMarks,
} from '../../src/dataset/cache-bust.js';
import type { Conversation } from '../../src/dataset/conversation.js';
import { indexCorpus } from '../../src/dataset/corpus.js';
import type { DatasetOptions } from '../../src/dataset/dataset-options.js';
import { openDataset, planDataset } from '../../src/dataset/plan.js';
import { type MarkerRoom, openPrompts, verifyPrompts } from '../../src/dataset/prompts.js';
import { openTokenizer } from '../../src/dataset/tokenizer/open.js';
import type { Tokenizer } from '../../src/dataset/tokenizer/tokenizer.js';
import { randomStreams } from '../../src/util/random.js';
import { options } from './options.js';
import { acrossSpaces, qwen3Corpus, wordPiece } from './tokenizers.js';

const source = { kind: 'shipped', name: 'builtin' } as const;
const tokenizer = openTokenizer(source);
const index = qwen3Corpus();
const placeOf = (value: string): MarkerPlace => ({
  where: value.startsWith('system') ? 'system' : 'first-turn',
  end: value.endsWith('prefix') ? 'prefix' : 'suffix',
});

function roomOf(plan: CacheBust): MarkerRoom {
  if (plan.kind !== 'session') throw new Error('no room');
  return { ...markerOf(plan.nonce, 0, plan.end), tokens: plan.tokens, place: plan };
}

/** The conversations of a plan as session 7, 8, … sends them. */
async function sessions(value: string, changes: Partial<DatasetOptions>): Promise<Conversation[]> {
  const plan = planSessionMarks(placeOf(value), 5, tokenizer, source);
  const room = roomOf(plan);
  expect(verifyPrompts(index, tokenizer, room)).toBe(true);
  const prompts = openPrompts(index, 1, undefined, room);
  const dataset = openDataset(await planDataset({ ...options, ...changes }, () => {}), prompts);
  const mark = openMarks(plan);
  return Array.from({ length: dataset.size }, (_, i) => mark(dataset.conversation(i), 7 + i, 0));
}

const textsOf = ({ turns }: Conversation) => turns.map(({ texts }) => texts[0]?.contents.join('|') ?? '');

describe('markers', () => {
  it('are twelve hexadecimal digits, distinct for each session and run, set off by a blank line', () => {
    const texts = Array.from({ length: 20_000 }, (_, session) => markerOf(5, session, 'prefix').before);
    expect(texts[0]).toMatch(/^\[rid:[0-9a-f]{12}\]\n\n$/);
    expect(new Set(texts).size).toBe(20_000);
    // Beyond a million the halves repeat, but not together.
    expect(markerOf(5, 1_000_003, 'prefix').before).not.toBe(texts[3]);
    expect(markerOf(6, 3, 'prefix').before).not.toBe(texts[3]);
    expect(markerOf(5, 3, 'suffix')).toEqual({ before: '', after: `\n\n${texts[3]?.trim()}` });
  });

  it('all cost the same with Qwen3: brackets, rid, colon, twelve digits', () => {
    // '[', 'rid', ':', 12 digits, ']\n\n'.
    expect(planSessionMarks(placeOf('system_prefix'), 5, tokenizer, source)).toMatchObject({
      tokens: 16,
      tokenizer: undefined,
    });
  });

  it('are drawn until one costs the same, where digits cost different tokens', () => {
    // Every 7 is two tokens.
    const count = (text: string) => text.length + text.split('7').length - 1;
    const uneven: Tokenizer = { ...tokenizer, name: 'uneven', count };
    const plan = planSessionMarks(placeOf('system_prefix'), 5, uneven, source);
    if (plan.kind !== 'session') throw new Error('no session marks');
    expect(plan.tokenizer).toBe(source);
    const costs = Array.from({ length: 200 }, (_, session) =>
      count(markerOf(5, session, 'prefix', uneven, plan.tokens).before),
    );
    expect(new Set(costs)).toEqual(new Set([plan.tokens]));
  });
});

describe('marked conversations', () => {
  it.each(['first_turn_prefix', 'first_turn_suffix'])(
    '%s: the first turn has its length together with the marker',
    async (value) => {
      for (const isl of [18, 19, 40, 300]) {
        for (const conversation of await sessions(value, { isl, turnsMean: 2, entries: 25 })) {
          const [first = '', second = ''] = textsOf(conversation);
          expect(first).toMatch(
            value.endsWith('prefix') ? /^\[rid:\d{12}\]\n\n[^\n]/ : /[a-z]\n\n\[rid:\d{12}\]$/,
          );
          expect([first, second].map((text) => tokenizer.count(text))).toEqual([isl, isl]);
          expect(conversation.turns.map(({ inputTokens }) => inputTokens)).toEqual([isl, isl]);
          expect(second).not.toContain('[rid:');
        }
      }
    },
  );

  it('of fewer tokens than the marker have one token and the marker', async () => {
    const [conversation] = await sessions('first_turn_prefix', { isl: 10, entries: 1 });
    expect(textsOf(conversation as Conversation).map((text) => tokenizer.count(text))).toEqual([17]);
    expect(conversation?.turns[0]?.inputTokens).toBe(17);
  });

  it('with a system message have it there, and the first turn without one', async () => {
    const sharedPrompts = { prefixes: 0, prefixTokens: 0, systemTokens: 60, contextTokens: 0 };
    for (const value of ['system_prefix', 'system_suffix']) {
      const [one, two] = await sessions(value, { isl: 50, entries: 2, sharedPrompts });
      const texts = [one, two].map((conversation) => conversation?.systemMessage ?? '');
      expect(texts.map((text) => tokenizer.count(text))).toEqual([60, 60]);
      expect(texts[0]).not.toBe(texts[1]);
      const unmarked = texts.map((text) => text.replace(/\[rid:\d{12}\]/, ''));
      expect(unmarked[0]).toBe(unmarked[1]);
      expect(tokenizer.count(textsOf(one as Conversation)[0] ?? '')).toBe(50);
      const [none] = await sessions(value, { isl: 50, entries: 1 });
      expect(none?.systemMessage).toBeUndefined();
      expect(textsOf(none as Conversation)[0]).toContain('[rid:');
      const [literal] = await sessions(value, { isl: 50, entries: 1, systemPrompt: 'Be terse.' });
      expect(literal?.systemMessage?.replace(/\[rid:\d{12}\]/, '').trim()).toBe('Be terse.');
      expect(tokenizer.count(textsOf(literal as Conversation)[0] ?? '')).toBe(50);
    }
  });

  it('of a pool of prefixes and of batches have the sum of their lengths', async () => {
    const sharedPrompts = { prefixes: 3, prefixTokens: 30, systemTokens: 0, contextTokens: 0 };
    for (const value of ['first_turn_prefix', 'first_turn_suffix']) {
      for (const { turns } of await sessions(value, {
        isl: 40,
        entries: 20,
        sharedPrompts,
        textsPerTurn: 2,
      })) {
        const contents = turns[0]?.texts[0]?.contents ?? [];
        expect(contents.map((text) => tokenizer.count(text))).toEqual([70, 70]);
        expect(contents.map((text) => text.includes('[rid:'))).toEqual(
          value.endsWith('prefix') ? [true, false] : [false, true],
        );
        expect(turns[0]?.inputTokens).toBe(140);
      }
    }
  });

  it('of a trace: blocks make room, recorded messages are marked, literal text grows', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'bust-')), 't.jsonl');
    const rows = [
      { input_length: 100, hash_ids: [1, 2, 3, 4] },
      { input_length: 98, hash_ids: [1, 2, 3, 4] },
      { input_length: 130, hash_ids: [1, 2, 3] },
      { text_input: 'Name three rivers.' },
      {
        messages: [
          { role: 'system', content: 'S' },
          { role: 'user', content: 'U' },
        ],
      },
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'U' }] }] },
    ];
    writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
    const file = { inputFile: path, datasetType: 'mooncake_trace', blockSize: 32 } as const;
    for (const value of ['first_turn_prefix', 'first_turn_suffix']) {
      const all = await sessions(value, file);
      const lengths = all
        .slice(0, 3)
        .flatMap(textsOf)
        .map((text) => tokenizer.count(text));
      expect(lengths).toEqual([100, 98, 130]);
      expect(all.slice(0, 3).map(({ turns }) => turns[0]?.inputTokens)).toEqual([100, 98, 130]);
      expect(textsOf(all[3] as Conversation)[0]).toMatch(
        /^(\[rid:\d+\]\n\n)?Name three rivers\.(\n\n\[rid:\d+\])?$/,
      );
      expect(all[3]?.turns[0]?.inputTokens).toBeUndefined();
    }
    const [, , , , both, parts] = await sessions('system_prefix', file);
    expect(both?.turns[0]?.messages).toEqual([
      { role: 'system', content: expect.stringMatching(/^\[rid:\d{12}\]\n\nS$/) },
      { role: 'user', content: 'U' },
    ]);
    expect(parts?.turns[0]?.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: expect.stringMatching(/^\[rid:\d{12}\]$/) },
          { type: 'text', text: 'U' },
        ],
      },
    ]);
  });

  it('of a file of graphs: generated text makes room where the marker goes', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'bust-')), 'g.jsonl');
    const rows = [
      {
        session_id: 'r',
        turns: [
          { input_length: 50, spawns: ['s'] },
          { input_length: 40, forks: ['f'] },
        ],
      },
      { session_id: 's', turns: [{ input_length: 60 }] },
      { session_id: 'f', turns: [{ input_length: 70 }] },
    ];
    writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
    const [graph] = await sessions('first_turn_prefix', { inputFile: path, datasetType: 'dag_jsonl' });
    const texts = [graph, ...(graph?.agents ?? [])].flatMap((agent) => textsOf(agent as Conversation));
    expect(texts.map((text) => [tokenizer.count(text), text.startsWith('[rid:')])).toEqual([
      [50, true],
      [40, false],
      [60, true],
      [70, false],
    ]);
  });

  it('of a warm-up have their marker on top of their length', () => {
    const mark = openMarks({ kind: 'warmup', where: 'first-turn', end: 'prefix' });
    const turn = { role: 'user', texts: [{ name: 'text', contents: ['a b'] }], model: 'm', inputTokens: 2 };
    const marked = mark({ sessionId: 's', turns: [turn, turn], history: 'live-answers' }, 1, 0);
    expect(textsOf(marked)).toEqual(['[warmup]\n\na b', 'a b']);
    expect(marked.turns.map(({ inputTokens }) => inputTokens)).toEqual([undefined, 2]);
  });

  it('of a graph have one marker: agents that fork inherit it, others have it in their first turn', () => {
    const mark = openMarks({ kind: 'warmup', where: 'first-turn', end: 'prefix' });
    const turnOf = (text: string) => ({
      role: 'user',
      texts: [{ name: 'text', contents: [text] }],
      model: 'm',
    });
    const agent = (text: string) =>
      ({ sessionId: text, turns: [turnOf(text)], history: 'live-answers', parent: 0 }) as const;
    const { agents = [], ...root } = mark(
      { ...agent('root'), agents: [{ ...agent('fork'), forkOf: 0 }, agent('spawn')] },
      1,
      0,
    );
    expect([root, ...agents].flatMap(textsOf)).toEqual(['[warmup]\n\nroot', 'fork', '[warmup]\n\nspawn']);
  });

  it('that start with a later turn have it there, on top of its length', async () => {
    const plan = planSessionMarks(placeOf('first_turn_prefix'), 5, tokenizer, source);
    const turn = (text: string) => ({
      role: 'user',
      texts: [{ name: 'text', contents: [text] }],
      model: 'm',
      inputTokens: 1,
    });
    const conversation = {
      sessionId: 's',
      turns: [turn('a'), turn('b'), turn('c')],
      history: 'live-answers',
    } as const;
    const { turns } = openMarks(plan)(conversation, 3, 1);
    expect(
      turns.map(({ texts: [text], inputTokens }) => [text?.contents[0]?.slice(0, 5), inputTokens]),
    ).toEqual([
      ['a', 1],
      ['[rid:', undefined],
      ['c', 1],
    ]);
  });

  it('that hold only media get a text of their own', () => {
    const mark = openMarks({ kind: 'warmup', where: 'system', end: 'prefix' });
    const turn = { role: 'user', texts: [], model: 'm' };
    expect(textsOf(mark({ sessionId: 's', turns: [turn], history: 'live-answers' }, 1, 0))).toEqual([
      '[warmup]',
    ]);
  });
});

it.each([{ make: wordPiece }, { make: acrossSpaces }])(
  'lengths with a marker are exact with $make.name',
  ({ make }) => {
    const other = make();
    const otherIndex = indexCorpus(other);
    const streams = randomStreams(7, 'test');
    for (const value of ['first_turn_prefix', 'first_turn_suffix']) {
      const plan = planSessionMarks(placeOf(value), 5, other, source);
      const room = roomOf(plan);
      const exact = verifyPrompts(otherIndex, other) && verifyPrompts(otherIndex, other, room);
      const { marked } = openPrompts(otherIndex, 1, exact ? undefined : other, room);
      const counts = Array.from({ length: 60 }, (_, i) => {
        const text = marked?.prompt(room.tokens + 1 + i, streams(i)) ?? '';
        return other.count(room.before + text + room.after) - room.tokens;
      });
      expect(counts).toEqual(Array.from({ length: 60 }, (_, i) => 1 + i));
    }
  },
);
