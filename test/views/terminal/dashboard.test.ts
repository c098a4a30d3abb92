import { Writable } from 'node:stream';
import { render } from 'ink';
import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { Dashboard } from '../../../src/views/terminal/dashboard.js';
import { type Display, firstDisplay } from '../../../src/views/terminal/keys.js';
import type { Size } from '../../../src/views/terminal/layout.js';
import type { Watched } from '../../../src/views/terminal/state.js';
import { everything, watched } from './made-up.js';

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
