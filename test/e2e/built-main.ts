import { Writable } from 'node:stream';
import { profileWords, temporaryFolder } from './aiperf.js';

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

export interface Run {
  readonly code: number;
  readonly folder: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `aiperf profile` in this process, into a folder of its own: a small synthetic load unless `more` says otherwise. */
export async function profileHere(
  more: Readonly<Record<string, string | number | true>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const folder = temporaryFolder();
  const stdout = new Sink();
  const stderr = new Sink();
  const words = profileWords({
    ...{ model: 'm', tokenizer: 'builtin', isl: 10, osl: 4, concurrency: 1, 'artifact-dir': folder },
    ...more,
  });
  const code = await main(words, { ...processIo, env: { COLUMNS: '400', ...env }, stdout, stderr });
  return { code, folder, stdout: stdout.text, stderr: stderr.text };
}
