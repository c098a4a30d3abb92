import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { afterEachFile } from '../../clean-up.js';
import { temporaryFolder } from '../../e2e/aiperf.js';

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
const open = new Set<{ kill(): void }>();

afterEachFile(() => {
  for (const terminal of open) terminal.kill();
});

/** A terminal in which `aiperf` runs, and after it and Enter `stty -a`. */
export interface Terminal {
  /** The text of the screen, without spaces at the ends of rows. */
  screen(): string;
  /** Everything above the screen, and the screen. */
  scrollback(): string;
  isAlternate(): boolean;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen matches, and gives it. */
  until(pattern: RegExp): Promise<string>;
  /** Process of `aiperf`, and that of its views. */
  pids(): { readonly main: number; readonly views: number };
  /** All that has arrived, in the end. */
  readonly ended: Promise<string>;
}

/** Starts `aiperf` with these arguments on a terminal of this size. */
export function startOnTerminal(args: readonly string[], columns = 80, rows = 24): Terminal {
  const home = temporaryFolder();
  const words = [process.execPath, cli, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('/bin/sh', ['-c', `${words}; echo "exit code $?"; read enter; stty -a`], {
    ...{ cols: columns, rows, cwd: home, name: 'xterm-256color' },
    env: { PATH: process.env.PATH ?? '', HOME: home, HF_HUB_OFFLINE: '1', TERM: 'xterm-256color' },
  });
  open.add(child);
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 5000 });
  let written = '';
  const listeners = new Set<() => void>();
  child.onData((data) => {
    written += data;
    terminal.write(data, () => {
      for (const listener of listeners) listener();
    });
  });
  const ended = new Promise<string>((resolve) => {
    child.onExit(() => {
      open.delete(child);
      terminal.write('', () => resolve(written));
    });
  });
  const lines = (from: number, count: number) => {
    const { active } = terminal.buffer;
    return Array.from(
      { length: count },
      (_, i) => active.getLine(from + i)?.translateToString(true) ?? '',
    ).join('\n');
  };
  const screen = () => lines(terminal.buffer.active.baseY, terminal.rows);
  return {
    screen,
    scrollback: () => lines(0, terminal.buffer.active.length),
    isAlternate: () => terminal.buffer.active.type === 'alternate',
    type: (keys) => child.write(keys),
    resize: (newColumns, newRows) => {
      terminal.resize(newColumns, newRows);
      child.resize(newColumns, newRows);
    },
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!pattern.test(screen())) return;
          listeners.delete(check);
          resolve(screen());
        };
        listeners.add(check);
        check();
        void ended.then(() => reject(new Error(`ended before ${pattern}:\n${screen()}`)));
      }),
    pids: () => {
      const main = childrenOf(child.pid)[0] ?? 0;
      return { main, views: childrenOf(main).find((pid) => commandOf(pid).includes('views/process')) ?? 0 };
    },
    ended,
  };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}
