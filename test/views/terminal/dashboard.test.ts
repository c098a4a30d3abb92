import { Writable } from 'node:stream';
import { render } from 'ink';
import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { Dashboard } from '../../../src/views/terminal/dashboard.js';
import { type Display, firstDisplay } from '../../../src/views/terminal/keys.js';
import type { Size } from '../../../src/views/terminal/layout.js';
import type { Watched } from '../../../src/views/terminal/state.js';
import { everything, onShards, watched } from './made-up.js';

/** The text of the screen, a line per row. */
function screenText(of: Watched, size: Size, display: Partial<Display> = {}): string {
  let frame = '';
  const stdout = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      if (text !== '') frame = text;
      done();
    },
  });
  const props = { watched: of, display: { ...firstDisplay, ...display }, size, isColored: false };
  const ink = render(createElement(Dashboard, props), {
    stdout: Object.assign(stdout, size) as unknown as NodeJS.WriteStream,
    ...{ debug: true, patchConsole: false },
  });
  ink.unmount();
  return `${frame}\n`;
}

const small: Size = { columns: 80, rows: 24 };

describe('the overview', () => {
  it.each([
    ['watched', watched],
    ['everything', everything],
    ['shards', onShards],
  ] as const)('of %s fills screens of every size', async (name, of) => {
    for (const size of [small, { columns: 120, rows: 40 }, { columns: 200, rows: 60 }]) {
      const text = screenText(of, size);
      await expect(text).toMatchFileSnapshot(`expected/${name}-${size.columns}x${size.rows}.txt`);
    }
  });

  it('moves nothing when the first error arrives', () => {
    const { snapshot } = watched;
    if (snapshot === undefined) throw new Error('there is a snapshot');
    const before = screenText({ ...watched, snapshot: { ...snapshot, errors: [] } }, small).split('\n');
    const after = screenText(watched, small).split('\n');
    const titles = (lines: string[]) => lines.flatMap((line, i) => (line.includes('───') ? [i] : []));
    expect(titles(after)).toEqual(titles(before));
  });

  it('says in full what a run on several machines waits for', () => {
    const message =
      '0 of 3 shards are ready (no agent: shards 0 to 2); start agents with: aiperf agent --nats … (run r, coordinator on load-a)';
    const entry = { unixMs: 0, level: 'NOTICE', logger: 'cluster', message } as const;
    const lines = screenText({ ...watched, snapshot: undefined, log: [entry] }, small).split('\n');
    const title = lines.findIndex((line) => line.startsWith('Load ─'));
    expect(lines.slice(title + 1, title + 4)).toEqual([
      'The run is being prepared.',
      '0 of 3 shards are ready (no agent: shards 0 to 2); start agents with: aiperf',
      'agent --nats … (run r, coordinator on load-a)',
    ]);
  });

  it('hides the log, and gives its room to the others', () => {
    const text = screenText(watched, small, { showsLog: false });
    expect(text).not.toContain('Log ─');
    expect(text).toContain('Output TPS/User');
  });

  it('says that the terminal is too small', () => {
    expect(screenText(watched, { columns: 79, rows: 24 }).trimEnd()).toBe(
      'terminal too small (79x24, needs 80x24)',
    );
    expect(screenText(watched, { columns: 200, rows: 23 }).trimEnd()).toBe(
      'terminal too small (200x23, needs 80x24)',
    );
  });
});

describe('the screen of shards', () => {
  it('has every machine in its order, and says so where there is one', () => {
    const lines = screenText(onShards, { columns: 120, rows: 24 }, { screen: 'shards' }).split('\n');
    expect(lines.slice(2, 8).map((line) => line.trimEnd())).toEqual([
      `Shards  4 shards: 1 running, 1 done, 1 silent, 1 lost, 1 client limited, 1 client strained ${'─'.repeat(29)}`,
      'Shard    State   Client  Done     Ended In flight  Late p99   Clock ±     Drift   Unsent    Late     CPU',
      '    0  running       ok  20 %     5,180        30  0.420 ms  0.085 ms -0.012 ms  64.0 KB       3    35 %  load-a',
      '    1   silent  limited  16 %     4,090        10   38.0 ms   1.20 ms   3.40 ms   3.0 MB      40    45 %  load-b',
      '    2     done strained 100 %     5,200         0  0.300 ms  0.092 ms   0.00 ms      0 B       0    55 %  load-c',
      '    3     lost      N/A   0 %         0         0       N/A       N/A       N/A      0 B       0     N/A',
    ]);
    expect(screenText(watched, small, { screen: 'shards' })).toContain('This run is on one machine.');
  });
});

it('counts the runs of repeats, which have no values', () => {
  const point = { cells: [], state: 'running', runs: 1, failure: undefined, figures: undefined } as const;
  const series = { columns: [], trials: 3, points: [point], frontier: [] };
  const text = screenText({ ...watched, series }, { columns: 120, rows: 40 });
  expect(text).toContain('Repeats  1 of 3 runs done ─');
});
