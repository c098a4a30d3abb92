import { aiperf, type Ended, type Options, profileWords, temporaryFolder } from './aiperf.js';

export interface Run extends Ended {
  readonly folder: string;
}

/** Runs `aiperf profile` into a folder of its own: a small synthetic load unless `more` says otherwise. */
export async function smallRun(more: Options, env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const folder = temporaryFolder();
  const words = profileWords({
    ...{ model: 'm', tokenizer: 'builtin', isl: 10, osl: 4, concurrency: 1, 'artifact-dir': folder },
    ...more,
  });
  return { folder, ...(await aiperf(words, { env: { COLUMNS: '400', ...env } })) };
}
