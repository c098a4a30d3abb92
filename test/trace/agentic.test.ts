import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agenticSettings, readSettings } from '../../src/commands/synthesize/settings-file.js';
import { QualityCounts } from '../../src/trace/agentic/quality.js';
import { agenticRows, type WrittenSession } from '../../src/trace/agentic/rows.js';
import { openSessions } from '../../src/trace/agentic/sessions.js';
import type { AgenticSettings } from '../../src/trace/agentic/settings.js';
import { aiperf } from '../commands/in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'agentic-'));
const defaults = agenticSettings(readSettings(undefined, { maxIsl: undefined, maxOsl: undefined }));

interface WrittenRow {
  readonly session_id: string;
  readonly input_length: number;
  readonly output_length: number;
  readonly hash_ids: readonly number[];
  readonly timestamp?: number;
  readonly delay?: number;
  readonly group_id?: number;
  readonly is_restart?: boolean;
}

function synthesized(changes: Partial<AgenticSettings>, count: number, seed = 1) {
  const settings = { ...defaults, ...changes };
  const sessions: WrittenSession[] = [];
  const lines = [
    ...agenticRows(settings, openSessions(settings, seed), { count, seed }, (one) => sessions.push(one)),
  ];
  const rows = lines.map((line): WrittenRow => JSON.parse(line));
  return { settings, sessions, lines, rows };
}

const fixed = (tokens: number) => ({ mean: tokens, median: tokens });
/** Sessions of fixed lengths: 100 + 60 shared tokens in blocks of 50, 30 of their own, 40 per turn, 10 per answer. */
const simple: Partial<AgenticSettings> = {
  blockSize: 50,
  systemTokens: 100,
  groupTokens: 60,
  sessionTokens: fixed(30),
  newTokens: { ...fixed(40), bias: 1 },
  generation: { ...fixed(10), max: 10 },
  reset: undefined,
  groups: 2,
  maxPromptTokens: 400,
};

describe('sessions of a coding agent', () => {
  it('grow by what a turn adds and the answer before it, up to the context', () => {
    const { sessions, rows } = synthesized(simple, 2);
    // 100 and 60 take 2 + 2 blocks of 50: 200 tokens, 30 more, then 50 per turn: 230, 280, 330, 380 < 400.
    expect(sessions.map(({ turns }) => turns.map(({ contextTokens }) => contextTokens))).toEqual([
      [230, 280, 330, 380],
      [230, 280, 330, 380],
    ]);
    expect(sessions.map(({ end }) => end)).toEqual(['context', 'context']);
    expect(rows.slice(0, 4).map((row) => [row.input_length, row.output_length, row.hash_ids.length])).toEqual(
      [
        [230, 10, 5],
        [40, 10, 1],
        [40, 10, 1],
        [40, 10, 1],
      ],
    );
    expect(rows.slice(0, 4).map(({ timestamp, delay }) => [timestamp, delay !== undefined])).toEqual([
      [0, false],
      [undefined, true],
      [undefined, true],
      [undefined, true],
    ]);
  });

  it('share the blocks of system and group, and no other', () => {
    const { rows } = synthesized(simple, 40);
    const firsts = rows.filter(({ timestamp }) => timestamp === 0);
    expect(new Set(firsts.map(({ group_id: group }) => group))).toEqual(new Set([0, 1]));
    for (const { hash_ids: ids, group_id: group = 0 } of firsts) {
      // Blocks 0 and 1 are the system's; 2, 3 those of group 0; 4, 5 those of group 1.
      expect(ids.slice(0, 4)).toEqual([0, 1, 2 + 2 * group, 3 + 2 * group]);
    }
    const own = rows.flatMap(({ hash_ids: ids, timestamp }) => (timestamp === 0 ? ids.slice(4) : ids));
    expect(new Set(own).size).toBe(own.length);
    expect(Math.min(...own)).toBe(6);
  });

  it('are the same for the same seed, whatever their number', () => {
    const few = synthesized({}, 5);
    expect(synthesized({}, 5).lines).toEqual(few.lines);
    expect(synthesized({}, 6).lines.slice(0, few.lines.length)).toEqual(few.lines);
    expect(synthesized({}, 5, 2).lines).not.toEqual(few.lines);
  });

  it('come near the means and medians that were asked for', () => {
    const { settings, sessions } = synthesized({}, 600);
    const counts = new QualityCounts(settings);
    for (const session of sessions) counts.add(session);
    const { figures, ends } = counts.quality();
    const error = (name: string) => {
      const { target, observed } = figures.find((figure) => figure.name === name) ?? {};
      return Math.abs((observed?.median ?? 0) / (target?.median ?? 1) - 1);
    };
    expect(
      Math.max(...['initial_context', 'new_tokens_per_turn', 'generation_length'].map(error)),
    ).toBeLessThan(0.05);
    expect(ends.context + ends.reset).toBe(600);
    expect(ends.context).toBeGreaterThan(0);
    expect(ends.reset).toBeGreaterThan(0);
  });

  it('of a number of turns have it, or are refused', () => {
    const turns = { ...fixed(3), min: 1, max: 5, mayTruncate: false, attempts: 3 };
    const { sessions } = synthesized({ ...simple, turns }, 3);
    expect(sessions.map((session) => [session.turns.length, session.end])).toEqual([
      [3, 'turns'],
      [3, 'turns'],
      [3, 'turns'],
    ]);
    const tooMany = { ...fixed(9), min: 1, max: 9, mayTruncate: false, attempts: 3 };
    expect(() => synthesized({ ...simple, turns: tooMany }, 1)).toThrow(
      'no session of 9 turns fits 400 tokens in 3 attempts',
    );
    const cut = synthesized({ ...simple, turns: { ...tooMany, mayTruncate: true } }, 1);
    expect(cut.sessions.map((session) => [session.turns.length, session.end])).toEqual([[4, 'context']]);
  });

  it('that restart go on later with the text that they had', () => {
    const { sessions, rows } = synthesized({ ...simple, restartProbability: 1, restartTurns: [2, 3] }, 8);
    const restarts = rows.filter((row) => row.is_restart === true);
    const split = sessions.filter(({ end }) => end === 'restart');
    expect(restarts.length).toBe(split.length);
    expect(split.length).toBeGreaterThan(2);
    // The first session always restarts: 230 and 40 tokens, two answers of 10: 290, of which 40 more fit twice.
    const { turns = [] } = sessions[0] ?? {};
    expect(turns.map(({ contextTokens }) => contextTokens)).toEqual([230, 280]);
    const own = rows
      .slice(0, 2)
      .flatMap(({ hash_ids: ids, timestamp }) => (timestamp === 0 ? ids.slice(4) : ids));
    const goesOn = restarts.find(({ hash_ids: ids }) => own.every((id) => ids.includes(id)));
    expect(goesOn?.input_length).toBe(290);
    // At least a quarter of all sessions later.
    const order = [...new Set(rows.map(({ session_id: id }) => id))];
    expect(order.indexOf(goesOn?.session_id ?? '')).toBeGreaterThan(2);
  });

  it('are counted with what a cache that never forgets would find', () => {
    const { settings, sessions } = synthesized({ ...simple, groups: 1 }, 2);
    const counts = new QualityCounts(settings);
    for (const session of sessions) counts.add(session);
    // Each sends 230 + 280 + 330 + 380 = 1220. Of the first, 240 + 290 + 340 are known; of the second 200 more.
    expect(counts.quality().cachedShare).toBeCloseTo((2 * 870 + 200) / 2440, 12);
  });
});

describe('aiperf synthesize agentic-code', () => {
  it('writes a trace, its settings, its figures and a page; the manifest makes the same trace again', async () => {
    const words = ['--num-sessions', '4', '--max-isl', '90000', '--max-osl', '200'];
    const first = await aiperf('synthesize', 'agentic-code', ...words, '--output', join(folder, 'a'));
    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(
      /^Generating 4 sessions \(seed=42\)\.\.\.\nRun directory: .*default_4s_seed42_\d{8}-\d{6}\n/,
    );
    const [name = ''] = readdirSync(join(folder, 'a'));
    const of = (file: string) => readFileSync(join(folder, 'a', name, file), 'utf8');
    expect(readdirSync(join(folder, 'a', name)).sort()).toEqual([
      'comparison.txt',
      'dataset.jsonl',
      'manifest.json',
      'quality.json',
      'report.html',
    ]);
    expect(first.stdout.endsWith(of('comparison.txt'))).toBe(true);
    const rows = of('dataset.jsonl')
      .trim()
      .split('\n')
      .map((line): WrittenRow => JSON.parse(line));
    expect(Math.max(...rows.map((row) => row.output_length))).toBeLessThanOrEqual(200);
    expect(JSON.parse(of('quality.json')).session_end_stats.total_sessions).toBe(4);
    const { generation_params: params } = JSON.parse(of('manifest.json'));
    expect([params.max_prompt_tokens, params.generation_length.max]).toEqual([90_000, 200]);

    const manifest = join(folder, 'a', name, 'manifest.json');
    const again = ['--num-sessions', '4', '--config', manifest, '--output', join(folder, 'b')];
    expect((await aiperf('synthesize', 'agentic-code', ...again)).code).toBe(0);
    const [other = ''] = readdirSync(join(folder, 'b'));
    expect(other).toMatch(/^manifest_4s_seed42_/);
    expect(readFileSync(join(folder, 'b', other, 'dataset.jsonl'), 'utf8')).toBe(of('dataset.jsonl'));
  });

  it.each([
    ['{"turns":{"mean":2,"median":3,"min":1,"max":4}}', 'the mean must be at least the median at turns'],
    ['{"turns":{"mean":3,"median":3,"min":1,"max":4},"reset":{}}', 'turns cannot be combined with reset'],
    ['{"block_sise":5}', 'Unrecognized key: "block_sise"'],
    ['{"block_size":0}', 'Too small: expected number to be >=1 at block_size'],
    ['{"restart_turn_range":[5,5]}', 'the first of restart_turn_range must be below the second'],
    ['[1]', 'must hold a JSON object'],
    ['{', 'is not JSON'],
  ])('refuses %s', (text, message) => {
    const path = join(folder, 'settings.json');
    writeFileSync(path, text);
    expect(() => readSettings(path, { maxIsl: undefined, maxOsl: undefined })).toThrow(message);
  });
});
