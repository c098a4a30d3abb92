import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aiperf, type Ended, temporaryFolder } from '../e2e/aiperf.js';
import type { WireRequest } from './compare/requests.js';
import type { GoldenRun } from './golden2-runs.js';
import { startRecordingServer } from './recording-server.js';

const environment = {
  COLUMNS: '120',
  // No GPUs of this machine.
  AIPERF_GPU_DEFAULT_DCGM_ENDPOINTS: 'http://127.0.0.1:1/metrics',
};

/** What became of a command. */
export interface Played extends Ended {
  /** Its artifact directory. */
  readonly folder: string;
  /** In order of arrival at the server. */
  readonly requests: readonly WireRequest[];
}

/** Runs a recorded command line in this process, against our server, with the tokenizer that ships with us. */
export async function play(
  command: string,
  { server: settings, intercept, files = {} }: GoldenRun,
): Promise<Played> {
  const folder = temporaryFolder();
  const server = await startRecordingServer(
    { dialect: 'plain', bytesPerToken: 3, ttftMs: 20, itlMs: 15, outputTokens: 10, ...settings },
    intercept,
  );
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const words = wordsOf(command, server.port, folder, Object.keys(files));
    const ended = await aiperf(words, { env: environment });
    const withTheirPort = (text: string) => text.replaceAll(`127.0.0.1:${server.port}`, '127.0.0.1:8000');
    return {
      ...{ ...ended, stdout: withTheirPort(ended.stdout), stderr: withTheirPort(ended.stderr) },
      ...{ folder: join(folder, 'artifacts'), requests: server.requests },
    };
  } finally {
    await server.close();
  }
}

/** Values with spaces: the recordings do not quote them. */
const phrases = /You are terse\./g;

/** The words of a command, with our server and paths in the folder. */
function wordsOf(command: string, port: number, folder: string, files: readonly string[]): string[] {
  const isOurs = (word: string) => files.some((name) => name === word || name.startsWith(`${word}/`));
  return command
    .replace(phrases, (phrase) => phrase.replaceAll(' ', '\0'))
    .split(' ')
    .slice(1)
    .map((part) => {
      const word = part.replaceAll('\0', ' ');
      if (/^(http:\/\/)?127\.0\.0\.1:8000/.test(word)) return word.replace('8000', `${port}`);
      if (word === 'tokenizers/qwen3') return 'builtin';
      const [, key = '', file = word] = /^(payload_template:)(.*)$/.exec(word) ?? [];
      return word === 'artifacts' || isOurs(file) ? key + join(folder, file) : word;
    });
}

/** Calls a function for each item, a few at a time. */
export async function forEachOf<T>(items: Iterable<T>, act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items].values();
  const worker = async () => {
    for (const item of waiting) await act(item);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}
