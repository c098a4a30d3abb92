import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Io } from '../../src/util/io.js';
import { afterEachFile, removeLater } from '../clean-up.js';

// The build, which `npm test` makes first.
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
if (!existsSync(cli)) throw new Error('dist/cli.js is not there: run `npm run build` first');

const running = new Set<ChildProcess>();

afterEachFile(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** A new folder that is gone after the test file. */
export function temporaryFolder(): string {
  return removeLater(mkdtempSync(join(tmpdir(), 'aiperf-e2e-')));
}

/** How a process ended, and all that it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly cwd?: string;
  /** Set on top of an environment without any variable that the program reads. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `aiperf` with these arguments as a user does: in a process of its own. */
export function startAiperf(args: readonly string[], { cwd, env }: StartOptions = {}): Started {
  const home = temporaryFolder();
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: cwd ?? home,
    env: environment(home, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, ...said });
    });
  });
  return { child, ended };
}

class Text extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs `aiperf` with these arguments to its end. It is the build, as in `startAiperf`, but in this process, where it
 * starts five times as fast; one run at a time, because a process has one working directory. With NODE_OPTIONS in
 * `env` it has a process of its own.
 */
export function aiperf(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  if (options.env?.NODE_OPTIONS !== undefined) return startAiperf(args, options).ended;
  const ended = turn.then(() => runHere(args, options));
  turn = ended.catch(() => {});
  return ended;
}

async function runHere(args: readonly string[], { cwd, env }: StartOptions): Promise<Ended> {
  const home = temporaryFolder();
  const before = process.cwd();
  process.chdir(cwd ?? home);
  try {
    return await callMain(args, environment(home, env), {});
  } finally {
    process.chdir(before);
  }
}

/** `aiperf` in this process, at the same time as others. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** What it has written to stderr so far. */
  said(): string;
  /** As Ctrl-C does. */
  interrupt(): void;
}

/** As `aiperf`, but without a turn: for words that name no relative path. */
export function runAiperf(args: readonly string[], env: StartOptions['env'] = {}): Running {
  const acts = new Set<(signal: NodeJS.Signals) => void>();
  const onSignals: Io['onSignals'] = (signals, act) => {
    if (signals.includes('SIGINT')) acts.add(act);
    return () => void acts.delete(act);
  };
  const stderr = new Text();
  return {
    ended: callMain(args, environment(temporaryFolder(), env), { onSignals }, stderr),
    said: () => stderr.text,
    interrupt: () => {
      for (const act of [...acts]) act('SIGINT');
    },
  };
}

/** @param own what is not that of this process. */
async function callMain(
  args: readonly string[],
  env: Io['env'],
  own: Partial<Io>,
  stderr = new Text(),
): Promise<Ended> {
  const { main } = await import(new URL('../../dist/main.js', import.meta.url).href);
  const { processIo } = await import(new URL('../../dist/util/io.js', import.meta.url).href);
  const stdout = new Text();
  const atExit = new Set<() => void>();
  const onExit = (act: () => void) => {
    atExit.add(act);
    return () => void atExit.delete(act);
  };
  const code: number = await main(args, { ...processIo, env, stdout, stderr, onExit, ...own });
  for (const act of atExit) act();
  return { code, signal: null, stdout: stdout.text, stderr: stderr.text };
}

/** Nothing of the caller's environment but PATH reaches the program. */
const environment = (home: string, env: StartOptions['env']) => ({
  ...{ PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(home, '.cache'), HF_HUB_OFFLINE: '1' },
  ...env,
});

/** Options of `aiperf profile` without their dashes; `false` is not given. A later object's values win where two are spread. */
export type Options = Readonly<Record<string, string | number | boolean>>;

/** For a test about server metrics or GPU telemetry, or about what a run without options leaves. */
export const withTelemetry: Options = { 'no-server-metrics': false, 'no-gpu-telemetry': false };

/** The words of an `aiperf profile` with these options: silent, and without telemetry, which takes time, unless they say otherwise. */
export function profileWords(options: Options): string[] {
  const all: Options = { ui: 'none', 'no-server-metrics': true, 'no-gpu-telemetry': true, ...options };
  return [
    'profile',
    ...Object.entries(all)
      .filter(([, value]) => value !== false)
      .flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)])),
  ];
}

/** A line of `profile_export.jsonl`, its times as the file has them: they do not fit a number. */
export interface RecordLine {
  readonly text: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, { readonly value: number | number[]; readonly unit: string }>>;
  readonly error?: {
    readonly code?: number;
    readonly type: string;
    readonly message: string;
    readonly [key: string]: unknown;
  };
  /** A time of the metadata, exact. */
  ns(key: string): bigint;
}

/** The lines of a records file; each must be whole. */
export function readRecords(path: string): RecordLine[] {
  const text = readFileSync(path, 'utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${path} ends within a line`);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => ({
      ...JSON.parse(line),
      text: line,
      ns: (key: string) => {
        const digits = new RegExp(`"${key}":(\\d+)[,}]`).exec(line)?.[1];
        if (digits === undefined) throw new Error(`no ${key} in ${line}`);
        return BigInt(digits);
      },
    }));
}

/** The cells of the first table row in an output that is the one wanted; undefined where there is none. */
export function cellsOf(
  stdout: string,
  isWanted: (cells: readonly string[]) => boolean,
): readonly string[] | undefined {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .find(isWanted);
}

/** The text of the panel of an error, its lines joined by one space. */
export function panelText(stderr: string): string {
  expect(stderr).toMatch(/^╭─ Error( Running AIPerf System)? ─+╮\n(│ .* │\n)+╰─+╯\n$/);
  return [...stderr.matchAll(/^│ (.*?) *│$/gm)].map(([, line]) => line).join(' ');
}

/** Every file below a folder, relative, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

export function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
