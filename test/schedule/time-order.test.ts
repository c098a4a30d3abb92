import { describe, expect, it } from 'vitest';
import type { GroupedConversation } from '../../src/dataset/stream/session-groups.js';
import type { ScheduleWindow } from '../../src/schedule/fixed-schedule.js';
import { TimeOrder } from '../../src/schedule/time-order.js';

const conversation = (
  index: number,
  timesMs: (number | undefined)[],
  byteLength = 10,
): GroupedConversation => ({
  ...{ index, timesMs, byteLength, firstTurn: 0, line: index + 1, sessionId: `s${index}`, rows: [] },
});

/** What is sent, in order: conversation, time, first turn, turns, turns before. */
function ordered(conversations: readonly GroupedConversation[], window: ScheduleWindow = {}) {
  const order = new TimeOrder('FILE', window);
  const found: number[][] = [];
  const take = (next: ReturnType<TimeOrder['take']>) => {
    if (next === undefined) return false;
    const { firstMs, firstTurn, turns, turnsBefore } = next.schedule;
    found.push([next.index, firstMs, firstTurn, turns, turnsBefore]);
    return true;
  };
  for (const each of conversations) {
    order.add(each);
    while (take(order.take()));
  }
  while (take(order.takeRest()));
  return found;
}

describe('a schedule of a streamed file', () => {
  it('is in the order of times, ties in that of the file', () => {
    expect(
      ordered([
        conversation(0, [5]),
        conversation(1, [3, undefined]),
        conversation(2, [5]),
        conversation(3, [1]),
      ]),
    ).toEqual([
      [3, 1, 0, 1, 0],
      [1, 3, 0, 2, 1],
      [0, 5, 0, 1, 3],
      [2, 5, 0, 1, 4],
    ]);
  });

  it('keeps the turns within the window', () => {
    const window = { startOffsetMs: 10, endOffsetMs: 20 };
    expect(
      ordered(
        [
          conversation(0, [5, undefined, 12, undefined, 21, undefined]),
          conversation(1, [9]),
          conversation(2, [10, 20]),
        ],
        window,
      ),
    ).toEqual([
      [2, 10, 0, 2, 0],
      [0, 12, 2, 2, 2],
    ]);
  });

  it('refuses what it cannot send at its time', () => {
    const large = 16 * 2 ** 20;
    expect(() => ordered([conversation(0, [5], large), conversation(1, [4])])).toThrow(
      'FILE:2: the send time 4 ms is before that of line 1, 5 ms, and too far behind it: a file that is streamed is put in order within 16 MB and 20,000 sessions',
    );
    expect(() => ordered([conversation(0, [undefined, 4])])).toThrow(
      'FILE:1: the first turn of session s0 has no timestamp',
    );
    expect(() => ordered([conversation(0, [1, 5, 1])], { endOffsetMs: 3 })).toThrow(
      'FILE:1: the send times of session s0 leave the window of the schedule and return to it',
    );
  });
});
