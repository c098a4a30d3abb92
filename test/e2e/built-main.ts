import { Writable } from 'node:stream';
import { type Options, profileWords, temporaryFolder } from './aiperf.js';

// The build, as in the other tests here, but in this process: much sooner than one of its own.
const { main } = await import(new URL('../../dist/main.js', import.meta.url).href);
const { processIo } = await import(new URL('../../dist/util/io.js', import.meta.url).href);

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run extends Ended {
  readonly folder: string;
}

/** Runs `aiperf` with these words in this process. */
export async function aiperfHere(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const stdout = new Sink();
  const stderr = new Sink();
  const atExit = new Set<() => void>();
  const onExit = (act: () => void) => {
    atExit.add(act);
    return () => void atExit.delete(act);
  };
  const code = await main(words, { ...processIo, env, stdout, stderr, onExit });
  for (const act of atExit) act();
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** Runs `aiperf profile` in this process, into a folder of its own: a small synthetic load unless `more` says otherwise. */
export async function profileHere(more: Options, env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const folder = temporaryFolder();
  const words = profileWords({
    ...{ model: 'm', tokenizer: 'builtin', isl: 10, osl: 4, concurrency: 1, 'artifact-dir': folder },
    ...more,
  });
  return { folder, ...(await aiperfHere(words, { COLUMNS: '400', ...env })) };
}
