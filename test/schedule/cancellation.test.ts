import { describe, expect, it } from 'vitest';
import { openCancellations } from '../../src/schedule/cancellation.js';

/** Answers for sessions 0 … sessions - 1 with so many turns each. */
function draw(seed: number, percent: number, sessions: number, turns = 1): boolean[][] {
  const cancels = openCancellations(seed, percent);
  return Array.from({ length: sessions }, (_, session) =>
    Array.from({ length: turns }, (_, turn) => cancels(session, turn)),
  );
}

const countOf = (answers: readonly boolean[]) => answers.filter(Boolean).length;

describe('cancellations', () => {
  it.each([1, 2, 3, 42, 12345])('20 %% of 1,000 requests, seed %i: from 160 to 240', (seed) => {
    const count = countOf(draw(seed, 20, 1000).flat());
    expect(count).toBeGreaterThanOrEqual(160);
    expect(count).toBeLessThanOrEqual(240);
  });

  it('are draws and no quota', () => {
    const counts = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => countOf(draw(seed, 20, 1000).flat()));
    expect(new Set(counts).size).toBeGreaterThan(4);
  });

  it.each([
    { percent: 0, count: 0 },
    { percent: 100, count: 5000 },
  ])('of $percent % are $count of 5,000', ({ percent, count }) => {
    expect(countOf(draw(1, percent, 5000).flat())).toBe(count);
  });

  // 100,000 draws at 0.1 %: 100 expected, standard deviation 10.
  it('of 0.1 % are about 100 of 100,000', () => {
    expect(Math.abs(countOf(draw(1, 0.1, 100_000).flat()) - 100)).toBeLessThan(40);
  });

  // Of 100,000 sessions with two turns at 20 %: 4,000 with both cancelled, standard deviation 62; the same for two
  // neighbouring sessions.
  it('of the turns of a session and of neighbouring sessions are independent', () => {
    const answers = draw(3, 20, 100_000, 2);
    expect(Math.abs(answers.filter(([first, second]) => first && second).length - 4000)).toBeLessThan(200);
    const neighbours = answers.filter(([first], session) => first && answers[session + 1]?.[0]);
    expect(Math.abs(neighbours.length - 4000)).toBeLessThan(200);
  });

  it('depend on seed, session and turn and not on who asks, or in which order', () => {
    const forwards = draw(9, 30, 200, 5);
    const cancels = openCancellations(9, 30);
    const backwards = forwards.map((turns) => turns.map(() => false));
    for (let session = 199; session >= 0; session--) {
      for (const turn of [4, 2, 0, 3, 1]) (backwards[session] ?? [])[turn] = cancels(session, turn);
    }
    expect(backwards).toEqual(forwards);
    expect(draw(10, 30, 200, 5)).not.toEqual(forwards);
  });
});
