import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventReader } from '../views/web/event-reader.js';
import { aiperf, filesBelow, profileWords, startAiperf, temporaryFolder } from './aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer((_, response) => streamTokens(response, ['a', ' b']));
});
afterAll(() => server.close());

it('a run is watched, stopped from its page, and leaves its report there', async () => {
  const folder = temporaryFolder();
  const options = {
    ...{ model: 'm', tokenizer: 'builtin', url: server.url, streaming: true, concurrency: 2 },
    ...{ isl: 20, osl: 2, live: true },
  };
  const words = profileWords({
    ...options,
    ...{
      'artifact-dir': folder,
      'benchmark-duration': 600,
      'live-port': 0,
      'live-linger': 0,
      'live-host': '0.0.0.0',
    },
  });
  const run = startAiperf(words);
  // With --ui none, the address is all that stderr has.
  const [port, token] = await new Promise<string[]>((resolve) =>
    run.child.stderr?.on('data', (text: string) => {
      const [, ...found] = /^The live page is at http:\/\/.*:(\d+)\/\?t=([\w-]{22})\n$/.exec(text) ?? [];
      if (found.length > 0) resolve(found);
    }),
  );
  const url = `http://127.0.0.1:${port}/`;
  expect((await fetch(url)).status).toBe(401);
  const headers = { Authorization: `Bearer ${token}` };
  const viewer = await EventReader.open(`${url}events`, headers);
  for (;;) {
    await viewer.until('snapshot');
    if ((viewer.stateSoFar().snapshot?.requests.completed ?? 0) > 0) break;
  }
  const { run: watched, log } = viewer.stateSoFar();
  expect(watched).toMatchObject({ models: ['m'], urls: [server.url], load: '2 in flight' });
  expect(log.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(new RegExp(`^The live page is at http://.*:${port}/$`)),
  );

  const other = await startScriptedServer((_, response) => streamTokens(response, ['a']));
  const refused = await aiperf(
    profileWords({
      ...options,
      url: other.url,
      'live-port': Number(port),
      'artifact-dir': temporaryFolder(),
    }),
  );
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`The live page cannot listen on port ${port} of 127.0.0.1`);
  expect(other.seen).toEqual([]);
  other.close();

  expect((await fetch(`${url}stop`, { method: 'POST', headers })).status).toBe(202);
  await viewer.until('report');
  const report = await (await fetch(url, { headers })).text();
  viewer.close();
  expect(await run.ended).toMatchObject({ code: 130 });
  expect(report).toBe(readFileSync(join(folder, 'report.html'), 'utf8'));
  for (const path of filesBelow(folder))
    expect(readFileSync(join(folder, path), 'utf8').includes(String(token)), path).toBe(false);
});
