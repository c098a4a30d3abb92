import { expect, test } from 'vitest';
import { ledgerLine } from '../../src/report/ledger.js';
import { ledgerPanel } from '../../src/report/panels.js';

const outcomes = { completed: 90, failed: 5, cancelled: 3, dropped: 2 };

test('numbers that agree need no words', () => {
  expect(ledgerLine(outcomes, 100)).toBeUndefined();
  expect(ledgerLine(outcomes, 100, 100)).toBeUndefined();
  expect(ledgerLine({ completed: 0, failed: 0, cancelled: 0, dropped: 0 }, 0)).toBeUndefined();
});

test.each([
  [
    outcomes,
    101,
    undefined,
    '101 were issued, and 100 have ended: 90 completed, 5 failed, 3 cancelled, 2 dropped at the end of the run.',
  ],
  [
    { ...outcomes, failed: 6 },
    100,
    100,
    '100 requests were to be sent, 100 were issued, and 101 have ended: 90 completed, 6 failed, 3 cancelled, ' +
      '2 dropped at the end of the run.',
  ],
  [
    outcomes,
    100,
    99,
    '99 requests were to be sent, 100 were issued, and 100 have ended: 90 completed, 5 failed, 3 cancelled, ' +
      '2 dropped at the end of the run.',
  ],
])('%j of %d issued and %s expected', (counts, issued, expected, line) => {
  expect(ledgerLine(counts, issued, expected)).toBe(line);
});

test('the panel says whose fault it is', () => {
  const drawn = ledgerPanel(ledgerLine(outcomes, 101) ?? '', { width: 80, colours: false });
  expect(drawn).toEqual([
    '╭────────────────────────── Requests Do Not Add Up ───────────────────────────╮',
    '│  101 were issued, and 100 have ended: 90 completed, 5 failed, 3 cancelled,  │',
    '│  2 dropped at the end of the run.                                           │',
    '│                                                                             │',
    '│  This is a bug in aiperf, not in the server. The files hold what results    │',
    '│  there are: do not rely on them, and please report this.                    │',
    '╰─────────────────────────────────────────────────────────────────────────────╯',
  ]);
});
