import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aiperf,
  type Options,
  profileWords,
  readRecords,
  type Started,
  startAiperf,
  temporaryFolder,
} from '../e2e/aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from '../e2e/scripted-server.js';
import { hasNatsServer, type NatsServer, startNats } from './nats-server.js';

describe.skipIf(!hasNatsServer)('a run on several machines', () => {
  let nats: NatsServer;
  let server: ScriptedServer;

  beforeAll(async () => {
    nats = await startNats();
    server = await startScriptedServer((_, response) => streamTokens(response, ['x', ' y', ' z']));
  });

  afterAll(async () => {
    await nats.kill();
    await server.close();
  });

  /** Agents of a run, each of which ends with it. */
  const startAgents = (run: string, count: number, ...words: readonly string[]): Started[] =>
    Array.from({ length: count }, (_, shard) =>
      startAiperf([
        ...['agent', '--nats', nats.url, '--run-id', run, '--shard', String(shard), '--once'],
        ...['--spool-dir', temporaryFolder(), ...words],
      ]),
    );

  const load: Options = {
    model: 'm',
    tokenizer: 'builtin',
    streaming: true,
    'random-seed': 5,
    isl: 12,
    osl: 3,
  };

  it('sends and reports what one machine would', async () => {
    const options = { ...load, url: server.url, concurrency: 3, 'request-count': 30, 'isl-stddev': 4 };
    const run = async (words: Options) => {
      const folder = temporaryFolder();
      const before = server.seen.length;
      const ended = await aiperf(profileWords({ ...options, ...words, 'artifact-dir': folder }));
      const bodies = server.seen.slice(before).map(({ body }) => body);
      return { ...ended, bodies: bodies.sort(), records: readRecords(join(folder, 'profile_export.jsonl')) };
    };
    const agents = startAgents('same', 2);
    const several = await run({ nats: nats.url, shards: 2, 'run-id': 'same' });
    expect(several.code, several.stderr).toBe(0);
    for (const { ended } of agents) expect((await ended).code).toBe(0);
    const one = await run({});
    expect(several.bodies).toEqual(one.bodies);
    expect(several.records).toHaveLength(30);
    const lengths = (records: typeof one.records) =>
      records.map(({ metrics }) => metrics.input_sequence_length?.value).sort();
    expect(lengths(several.records)).toEqual(lengths(one.records));
  });
});
