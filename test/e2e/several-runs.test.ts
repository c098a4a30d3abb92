import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { profileWords, readRecords, temporaryFolder } from './aiperf.js';
import { startScriptedServer, streamTokens } from './scripted-server.js';

// The build, as in the other tests here, but in this process: its listeners and timers can be counted.
const { main } = await import(new URL('../../dist/main.js', import.meta.url).href);
const { processIo } = await import(new URL('../../dist/util/io.js', import.meta.url).href);

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listeners of signals and of the process' end, and timers that keep it alive or do not. */
function leftovers() {
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Worker');
  return {
    listeners: [...signals, 'exit' as const].map((event) => process.listenerCount(event)),
    resources: timers.sort(),
  };
}

async function profile(more: Record<string, string | number>, act?: (number: number) => void) {
  const folder = temporaryFolder();
  const server = await startScriptedServer((_request, response, number) => {
    act?.(number);
    if (number <= 8) streamTokens(response, ['x', ' y']);
  });
  const out = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const words = profileWords({
    ...{
      model: 'm',
      tokenizer: 'builtin',
      streaming: true,
      isl: 10,
      osl: 2,
      concurrency: 2,
      url: server.url,
    },
    ...{ 'artifact-dir': folder, ...more },
  });
  try {
    return { code: await main(words, { ...processIo, env: {}, stdout: out(), stderr: out() }), folder };
  } finally {
    server.close();
  }
}

// On a busy machine requests may be left to `aiperf report`: an interrupted run ends within two seconds.
it('several runs in one process leave no listener and no timer behind, interrupted or not', {
  retry: 2,
}, async () => {
  expect((await profile({ 'request-count': 8 })).code).toBe(0);
  const before = leftovers();
  // The server has open connections for a moment; timers of its own go when they close.
  expect((await profile({ 'request-count': 8 })).code).toBe(0);
  expect(leftovers()).toEqual(before);

  // The first signal of a run is the first again, whatever came in the run before.
  for (const signal of signals) {
    const { code, folder } = await profile({ 'request-count': 50 }, (number) => {
      if (number === 10) process.emit(signal);
    });
    expect(code).toBe(130);
    expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(10);
    expect(leftovers()).toEqual(before);
  }
  expect((await profile({ 'request-count': 8 })).code).toBe(0);
  expect(leftovers()).toEqual(before);
});
