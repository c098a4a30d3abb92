import { describe, expect, it } from 'vitest';
import { nextSendNs, type UserArrival, userArrivals, userPlan } from '../../src/schedule/user-centric.js';

const S = 1e9;

function take(count: number, arrivals: Generator<UserArrival, never, void>): UserArrival[] {
  return Array.from({ length: count }, () => arrivals.next().value);
}

/** Founders as [user, turns left, order]. */
function founders(users: number, turns: number): number[][] {
  const plan = userPlan({ users, ratePerSecond: 1, turns });
  return plan.founders.map(({ user, turnsLeft, order }) => [user, turnsLeft, order]);
}

describe('the users at the start', () => {
  // N = 15, L = 20 - 1 = 19, gcd 1. For i = 4 (user 5): age (15 - 4) · 19 = 209 = 13 · 15 + 14, so 19 - 13 = 6 turns
  // are left and the order is 15 - 14 = 1. For i = 1: 266 = 17 · 15 + 11: 2 left, order 4. For i = 14: 19 = 15 + 4:
  // 18 left, order 11. Turns left are the whole part of 19 i/15, rounded up; orders 19 i mod 15.
  it('15 users of 20 turns at 1/s', () => {
    const plan = userPlan({ users: 15, ratePerSecond: 1, turns: 20 });
    expect(plan).toMatchObject({ gapNs: 15 * S, staggerNs: S, lifetime: 19 });
    expect(plan.founders[3]).toEqual({ user: 5, virtualAge: 209, turnsLeft: 6, order: 1 });
    expect(founders(15, 20)).toEqual([
      [2, 2, 4],
      [3, 3, 8],
      [4, 4, 12],
      [5, 6, 1],
      [6, 7, 5],
      [7, 8, 9],
      [8, 9, 13],
      [9, 11, 2],
      [10, 12, 6],
      [11, 13, 10],
      [12, 14, 14],
      [13, 16, 3],
      [14, 17, 7],
      [15, 18, 11],
    ]);
  });

  it.each([
    // L = 2, gcd(4, 2) = 2: the step is 3 (2 is no coprime of 4). Orders 4 - 3 i mod 4; ages 6, 4, 2, of 4 each.
    {
      users: 4,
      turns: 3,
      expected: [
        [2, 1, 1],
        [3, 1, 2],
        [4, 2, 3],
      ],
    },
    // L = 5, gcd(5, 5) = 5: step 2. Orders 5 - 2, 5 - 4, 5 - 1, 5 - 3; ages 20, 15, 10, 5.
    {
      users: 5,
      turns: 6,
      expected: [
        [2, 1, 3],
        [3, 2, 1],
        [4, 3, 4],
        [5, 4, 2],
      ],
    },
    // L = 3, gcd(6, 3) = 3: step 5. Ages 15, 12, 9, 6, 3 of 6 each: 2, 2, 1, 1, 0 of 3 turns are gone.
    {
      users: 6,
      turns: 4,
      expected: [
        [2, 1, 1],
        [3, 1, 2],
        [4, 2, 3],
        [5, 2, 4],
        [6, 3, 5],
      ],
    },
    // L = 2, gcd(2, 2) = 2: there is no step between 1 and 2, so 1. Age 2 of 2: 1 of 2 turns is gone.
    { users: 2, turns: 3, expected: [[2, 1, 1]] },
    // L = max(1, 1 - 1) = 1, gcd 1: age 1 · 1 of 2: 0 of 1 is gone; order 2 - 1.
    { users: 2, turns: 1, expected: [[2, 1, 1]] },
    // S = 3 (2.6 rounded): L = 2, gcd(3, 2) = 1. Ages 4 and 2 of 3: 1 and 0 of 2 are gone; orders 3 - 1, 3 - 2.
    {
      users: 3,
      turns: 2.6,
      expected: [
        [2, 1, 2],
        [3, 2, 1],
      ],
    },
    { users: 1, turns: 20, expected: [] },
  ])('$users users of $turns turns', ({ users, turns, expected }) => {
    expect(founders(users, turns)).toEqual(expected);
  });

  it('take every place once, whatever the numbers', () => {
    for (let users = 1; users <= 40; users++) {
      for (let turns = 1; turns <= 25; turns++) {
        const plan = userPlan({ users, ratePerSecond: 1, turns });
        const places = plan.founders.map(({ order }) => order).sort((a, b) => a - b);
        expect(places).toEqual(Array.from({ length: users - 1 }, (_, place) => place + 1));
        expect(plan.founders.every(({ turnsLeft }) => turnsLeft >= 1 && turnsLeft <= plan.lifetime)).toBe(
          true,
        );
      }
    }
  });
});

describe('the users that come', () => {
  it('15 users of 20 turns at 1/s: the fresh one at 0, the founders by their order, then replacements', () => {
    const plan = userPlan({ users: 15, ratePerSecond: 1, turns: 20 });
    const arrivals = take(
      19,
      userArrivals(plan, () => 20),
    ).map(({ user, session, dueNs, turns }) => [user, session, dueNs / S, turns]);
    expect(arrivals).toEqual([
      [16, 14, 0, 20],
      [5, 3, 1, 6],
      [9, 7, 2, 11],
      [13, 11, 3, 16],
      [2, 0, 4, 2],
      [6, 4, 5, 7],
      [10, 8, 6, 12],
      [14, 12, 7, 17],
      [3, 1, 8, 3],
      [7, 5, 9, 8],
      [11, 9, 10, 13],
      [15, 13, 11, 18],
      [4, 2, 12, 4],
      [8, 6, 13, 9],
      [12, 10, 14, 14],
      // User 2 has 2 turns of 15 s from 4 s on: 34 s. User 3: 8 + 3 · 15 = 53. User 4: 12 + 60 = 72. User 5:
      // 1 + 90 = 91.
      [17, 15, 34, 20],
      [18, 16, 53, 20],
      [19, 17, 72, 20],
      [20, 18, 91, 20],
    ]);
  });

  it.each([
    { users: 15, turns: 20 },
    { users: 12, turns: 7 },
    { users: 1, turns: 2 },
    { users: 2, turns: 3 },
  ])(
    '$users users of $turns turns: with quick answers some user sends every 1/λ, none at the same time',
    (row) => {
      const plan = userPlan({ ...row, ratePerSecond: 4 });
      const sends: number[] = [];
      for (const { dueNs, turns } of userArrivals(plan, () => row.turns)) {
        if (dueNs >= 1000 * plan.staggerNs) break;
        let due = dueNs;
        for (let turn = 0; turn < turns; turn++) {
          sends.push(due);
          due = nextSendNs(due, due + 1, plan.gapNs);
        }
      }
      const first = sends.sort((a, b) => a - b).slice(0, 1000);
      expect(first).toEqual(Array.from({ length: 1000 }, (_, tick) => tick * 0.25 * S));
    },
  );

  it('send no more turns than their conversation has, and are replaced when those are sent', () => {
    // N = 3, λ = 1, L = 4: ages 8 and 4 of 3: 4 - 2 = 2 and 4 - 1 = 3 turns left; orders 3 - 2 = 1, 3 - 1 = 2.
    // Sessions have 3, 2, 1, 4, 1, 1 … turns: user 2 (session 0) 2 of 3, user 3 (session 1) 2 of 3, user 4 at 0 has 1.
    // Replacements: user 4 at 0 + 3 -> user 5 (session 3, 4 turns) at 3 s; user 2 at 1 + 6 = 7 -> user 6; user 3 at
    // 2 + 6 = 8 -> user 7; user 6 has 1 turn: 10 -> user 8; user 7 likewise: 11 -> 9; user 5: 3 + 12 = 15, after
    // users 8 and 9 have been replaced at 13 (10) and 14 (11).
    const turnsOf = (session: number) => [3, 2, 1, 4][session] ?? 1;
    const arrivals = take(11, userArrivals(userPlan({ users: 3, ratePerSecond: 1, turns: 5 }), turnsOf));
    expect(arrivals.map(({ user, dueNs, turns }) => [user, dueNs / S, turns])).toEqual([
      [4, 0, 1],
      [2, 1, 2],
      [3, 2, 2],
      [5, 3, 4],
      [6, 7, 1],
      [7, 8, 1],
      [8, 10, 1],
      [9, 11, 1],
      [10, 13, 1],
      [11, 14, 1],
      [12, 15, 1],
    ]);
  });

  it('keep to the absolute times where 1/λ is no whole number of ns', () => {
    const arrivals = take(
      301,
      userArrivals(userPlan({ users: 3, ratePerSecond: 3, turns: 2 }), () => 1),
    );
    // A user of one turn each third of a second; 300/3 = 100 s.
    expect(arrivals[300]).toMatchObject({ user: 302, session: 300, dueNs: 100 * S, turns: 1 });
    expect(arrivals[301 - 2]?.dueNs).toBe(99_666_666_667);
  });
});

describe("a user's next turn", () => {
  it.each([
    { previous: 10 * S, returned: 12 * S, due: 25 * S },
    { previous: 10 * S, returned: 25 * S, due: 25 * S },
    { previous: 10 * S, returned: 31 * S, due: 31 * S },
  ])('due at $previous, returned at $returned: $due', ({ previous, returned, due }) => {
    expect(nextSendNs(previous, returned, 15 * S)).toBe(due);
  });

  it('does not catch up: after a late one the gap counts from it', () => {
    const late = nextSendNs(10 * S, 31 * S, 15 * S);
    expect(nextSendNs(late, 32 * S, 15 * S)).toBe(46 * S);
  });
});
