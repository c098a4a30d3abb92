import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { errorPanel } from '../../src/config/error-panel.js';
import { commandHelp, programHelp } from '../../src/config/help.js';
import type { OptionTable } from '../../src/config/option.js';
import { choice, flag, integer, text } from '../../src/config/option-kinds.js';
import { profileOptions } from '../../src/config/options.js';

const table = {
  size: integer({
    flags: ['--size', '--how-big', '-s'],
    env: 'TEST_SIZE',
    group: 'First',
    min: 1,
    default: 4,
    help: 'How big it is, in a sentence that is too long for what is left of a line.',
  }),
  mood: choice(['good', 'bad'], { flags: ['--mood'], group: 'Second', default: 'good', help: 'How it is.' }),
  name: text({ flags: ['--a-rather-long-name-for-an-option'], group: 'First', help: 'What it is called.' }),
  quiet: flag({ env: 'TEST_QUIET', group: 'Second', default: true, help: 'Say nothing.' }),
} satisfies OptionTable;

describe('help', () => {
  it('groups options, wraps sentences and says what is left to say', () => {
    expect(commandHelp('try', 'Tries it.', table, 80).split('\n')).toEqual([
      'Usage: aiperf try [options]',
      '',
      'Tries it.',
      '',
      'First:',
      '  -s, --size <integer>                How big it is, in a sentence that is too',
      '                                      long for what is left of a line. [at least',
      '                                      1; default: 4; variable: TEST_SIZE; also',
      '                                      --how-big]',
      '  --a-rather-long-name-for-an-option <text>',
      '                                      What it is called.',
      '',
      'Second:',
      '  --mood <good|bad>                   How it is. [default: good]',
      '  TEST_QUIET=<true|false>             Say nothing. [default: true]',
      '',
    ]);
  });

  it('names every spelling of every option', () => {
    const help = commandHelp('profile', '', profileOptions, 100);
    const spellings = Object.values<{ flags?: readonly string[]; env?: string }>(profileOptions).flatMap(
      ({ flags = [], env }) => (env === undefined ? flags : [...flags, env]),
    );
    expect(spellings.length).toBeGreaterThan(100);
    expect(spellings.filter((spelling) => !help.includes(spelling))).toEqual([]);
  });

  it('lists commands', () => {
    expect(programHelp({ try: 'Tries it.', 'try-again': 'Once more.' }, 80).split('\n').slice(0, 4)).toEqual([
      'Usage: aiperf COMMAND [options]',
      '',
      'Commands:',
      '  try         Tries it.',
    ]);
  });

  it('of the program: every exit code', () => {
    const text = programHelp({ try: 'Tries it.' }, 400);
    const codes = [...text.slice(text.indexOf('Exit codes:')).matchAll(/^ {2}(\d+) +(.)/gm)];
    expect(codes.map(([, code, first]) => [code, first])).toEqual([
      ['0', 'S'],
      ['1', 'B'],
      ['3', 'T'],
      ['130', 'I'],
    ]);
  });
});

describe('the error panel', () => {
  it('frames one sentence', () => {
    expect(errorPanel('Unknown option: --nosuch. Did you mean --osl?', 60, false).split('\n')).toEqual([
      '╭─ Error ──────────────────────────────────────────────────╮',
      '│ Unknown option: --nosuch. Did you mean --osl?            │',
      '╰──────────────────────────────────────────────────────────╯',
      '',
    ]);
  });

  it('wraps at spaces, cuts longer words, and counts wide characters as two columns', () => {
    const panel = errorPanel('one two three\n漢字漢字漢字漢字漢字漢字', 20, false);
    expect(panel.split('\n')).toEqual([
      '╭─ Error ──────────╮',
      '│ one two three    │',
      '│ 漢字漢字漢字漢字 │',
      '│ 漢字漢字         │',
      '╰──────────────────╯',
      '',
    ]);
    expect(
      new Set(
        panel
          .trimEnd()
          .split('\n')
          .map((line) => stringWidth(line)),
      ),
    ).toEqual(new Set([20]));
    expect(errorPanel('aaaa bbbb cccc', 14, false).split('\n').slice(1, 3)).toEqual([
      '│ aaaa bbbb  │',
      '│ cccc       │',
    ]);
  });

  it('draws the frame red where asked', () => {
    expect(errorPanel('x', 12, true).split('\n')[1]).toBe(
      '\u001b[31m│\u001b[39m x        \u001b[31m│\u001b[39m',
    );
  });
});
