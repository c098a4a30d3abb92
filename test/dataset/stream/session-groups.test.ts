import { describe, expect, it } from 'vitest';
import { multiTurn } from '../../../src/dataset/loaders/multi-turn.js';
import { type GroupedConversation, SessionGroups } from '../../../src/dataset/stream/session-groups.js';
import { SessionIdsSeen } from '../../../src/dataset/stream/session-ids-seen.js';

const settings = { type: 'multi_turn', endpointHasSystemSlot: true } as const;

/** Adds rows of `id:role`, and lists which rows each conversation got when. */
function grouped(rows: readonly string[], window = { bytes: 1e6, rows: 3 }) {
  const groups = new SessionGroups('FILE', settings, undefined, window);
  const found: string[] = [];
  const note = (line: number | 'end', { index, firstTurn, rows: own, timesMs }: GroupedConversation) =>
    found.push(`${line}: #${index} after ${firstTurn}, ${own.join(' ')}, ${timesMs.length} turns`);
  for (const [place, name] of rows.entries()) {
    const [id, role = 'user'] = name.split(':');
    const turns = [{ text: 'x', role }];
    const row = multiTurn.read(
      { ...(id === '' ? {} : { session_id: id }), turns },
      { textName: '', warn: () => {} },
    );
    groups.add(row, name, place + 1);
    for (let over = groups.take(); over !== undefined; over = groups.take()) note(place + 1, over);
  }
  for (let over = groups.takeRest(); over !== undefined; over = groups.takeRest()) note('end', over);
  return found;
}

describe('the rows of a session', () => {
  it('are joined within the window, in the order of first rows', () => {
    expect(grouped(['', 'a', 'b', 'a', '', 'b', 'c'])).toEqual([
      '1: #0 after 0, , 1 turns',
      '5: #1 after 1, a a, 2 turns',
      '6: #2 after 3, b b, 2 turns',
      '6: #3 after 5, , 1 turns',
      'end: #4 after 6, c, 1 turns',
    ]);
    expect(grouped(['a', 'a', 'a'], { bytes: 2, rows: 9 })).toEqual(['3: #0 after 0, a a a, 3 turns']);
  });

  it('count no leading system turn', () => {
    expect(grouped(['a:system', 'a', 'b:system', 'c'])).toEqual([
      '4: #0 after 0, a:system a, 1 turns',
      'end: #1 after 1, b:system, 1 turns',
      'end: #2 after 2, c, 1 turns',
    ]);
  });

  it('are at once complete where each is a row', () => {
    const groups = new SessionGroups('FILE', settings, 'custom_id');
    const row = { sessionId: 'a', turns: [], input: 'body', history: 'self-contained' } as const;
    groups.add(row, 'text', 1);
    expect(groups.take()).toMatchObject({ index: 0, sessionId: 'a' });
    expect(() => groups.add(row, 'text', 2)).toThrow(
      'FILE:2: the custom_id a is used already at an earlier line',
    );
  });

  it('may not go on after the window', () => {
    expect(() => grouped(['a', 'b', 'b', 'b', 'a'])).toThrow(
      'FILE:5: the session a goes on here, further from its first row than 64 MB and 100,000 rows',
    );
  });
});

it('IDs seen before are known, and no others', () => {
  const seen = new SessionIdsSeen();
  for (let id = 0; id < 20_000; id += 2) seen.add(`s${id}`);
  const known = Array.from({ length: 20_000 }, (_, id) => seen.has(`s${id}`));
  expect([seen.size, known.every((is, id) => is === (id % 2 === 0))]).toEqual([10_000, true]);
});
