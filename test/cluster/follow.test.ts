import { expect, it } from 'vitest';
import type { Nats } from '../../src/cluster/nats/connection.js';
import { followStream } from '../../src/cluster/nats/follow.js';

it('lets other work go on between the messages of a backlog', async () => {
  const ending = new AbortController();
  const happened: string[] = [];
  async function* backlog() {
    yield* [{ seq: 1 }, { seq: 2 }, { seq: 3 }];
    ending.abort();
  }
  const consumer = { consume: async () => Object.assign(backlog(), { stop: () => {} }) };
  const nats: unknown = { js: { consumers: { get: async () => consumer } }, onReconnect: () => () => {} };
  await followStream(
    nats as Nats,
    'records',
    ({ seq }) => {
      happened.push(`message ${seq}`);
      setImmediate(() => happened.push(`work after ${seq}`));
    },
    { onTrouble: (thrown) => happened.push(String(thrown)), signal: ending.signal },
  );
  expect(happened).toEqual([
    ...['message 1', 'work after 1'],
    ...['message 2', 'work after 2'],
    ...['message 3', 'work after 3'],
  ]);
});
