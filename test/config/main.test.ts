import { describe, expect, it } from 'vitest';
import { commands } from '../../src/main.js';
import { andList } from '../../src/util/lists.js';
import { version } from '../../src/util/version.js';
import { aiperf, sentences } from '../commands/in-process.js';

const all = `The commands are ${andList(Object.keys(commands))}.`;

function panel(...lines: string[]): string {
  const inside = lines.map((line) => `│ ${line.padEnd(116)} │\n`).join('');
  return `╭─ Error ${'─'.repeat(110)}╮\n${inside}╰${'─'.repeat(118)}╯\n`;
}

describe('aiperf', () => {
  it('--version is the version', async () => {
    expect(await aiperf('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([[[]], [['--help']], [['-h']]])('%j lists the commands', async (argv) => {
    const { code, stdout, stderr } = await aiperf(...argv);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: aiperf COMMAND \[options\]\n\nCommands:\n {2}profile {2,}Benchmark an/);
    expect(stdout).toMatch(/\n {2}mock-server {2,}Run a simulated/);
  });

  it.each(['--help', '-h'])('profile … %s is the help, whatever else is there', async (flag) => {
    const { code, stdout, stderr } = await aiperf('profile', '--nosuch', flag);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: aiperf profile \[options\]\n/);
  });

  it('shows bad options in a panel on stderr, with exit code 1', async () => {
    expect(await aiperf('profile', '-m', 'a', '--nosuch', '3')).toEqual({
      code: 1,
      stdout: '',
      stderr: panel('Unknown option: --nosuch.'),
    });
    expect((await aiperf('profile', '--isl', '-1')).stderr).toBe(
      panel(
        '--model is required: name the model to ask for, e.g. --model Qwen/Qwen3-0.6B.',
        '--isl must be an integer from 0 to 10000000, got -1.',
      ),
    );
  });

  it.each([
    ['profil', 'Unknown command: profil. Did you mean profile?'],
    ['xyzzy', `Unknown command: xyzzy. ${all}`],
    ['constructor', `Unknown command: constructor. ${all}`],
    ['--verson', `Unknown option: --verson. ${all}`],
  ])('%s', async (word, sentence) => {
    const { code, stdout, stderr } = await aiperf(word);
    expect([code, stdout, sentences(stderr)]).toEqual([1, '', sentence]);
  });
});
