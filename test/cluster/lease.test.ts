import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDeleted } from '../../src/cluster/directory.js';
import { DIRECTORY } from '../../src/cluster/names.js';
import { type Nats, openBucket, openNats } from '../../src/cluster/nats/connection.js';
import { hasLapsed, holderOf, takeLease } from '../../src/cluster/nats/lease.js';
import { temporaryFolder } from '../e2e/aiperf.js';
import { hasNatsServer, type NatsServer, startNats } from './nats-server.js';

const token = 'a-token-of-the-test-0123456789';

describe.skipIf(!hasNatsServer)('a lease', () => {
  let server: NatsServer;
  let nats: Nats;
  const open = (of: Partial<{ readonly token: string; readonly url: string }>) =>
    openNats({ url: server.url, token, tls: undefined, ...of }, 'test', () => 0);

  beforeAll(async () => {
    server = await startNats('--auth', token);
    nats = await open({});
  });

  afterAll(async () => {
    await nats.close();
    await server.kill();
  });

  it('is held by one process, and passes on only from one that gives no sign of life', async () => {
    const kv = await openBucket(nats, 'leases');
    const first = await takeLease(kv, 'shard.0', 'a', undefined);
    expect(first).toMatchObject({ incarnation: 1, uid: 'a' });
    expect(await takeLease(kv, 'shard.0', 'b', undefined)).toBeUndefined();
    const seen = await holderOf(kv, 'shard.0');
    first?.release();
    const second = await takeLease(kv, 'shard.0', 'b', seen);
    expect(second).toMatchObject({ incarnation: 2, uid: 'b' });
    // What was read of the first holder is out of date.
    expect(await takeLease(kv, 'shard.0', 'c', seen)).toBeUndefined();
    second?.release();
  });

  it('is lost when another process has taken it over', async () => {
    const kv = await openBucket(nats, 'leases');
    const slow = await takeLease(kv, 'shard.1', 'slow', undefined);
    const other = await takeLease(kv, 'shard.1', 'other', await holderOf(kv, 'shard.1'));
    expect(other?.incarnation).toBe(2);
    await new Promise((resolve) => slow?.lost.addEventListener('abort', resolve));
    expect(other?.lost.aborted).toBe(false);
    other?.release();
  });

  it('names the process that has taken it over, when it is renewed', async () => {
    const kv = await openBucket(nats, 'leases');
    const slept = await takeLease(kv, 'coordinator', 'slept', undefined);
    expect(await slept?.renew()).toBe(true);
    expect(slept?.successor).toBeUndefined();
    const other = await takeLease(kv, 'coordinator', 'other', await holderOf(kv, 'coordinator'));
    await slept?.renew();
    expect(slept?.successor).toMatchObject({ uid: 'other', incarnation: 2, pid: process.pid });
    expect(slept?.lost.aborted).toBe(true);
    other?.release();
  });

  it('has not lapsed at the first sign of life, and has at once when its holder has left', async () => {
    const kv = await openBucket(nats, 'leases');
    const lease = await takeLease(kv, 'shard.2', 'a', undefined);
    const alive = await holderOf(kv, 'shard.2');
    if (lease === undefined || alive === undefined) throw new Error('nobody holds the key');
    const forEver = () => 0;
    expect(await hasLapsed(kv, 'shard.2', alive, 1, forEver)).toBe(false);
    await lease.leave();
    const left = await holderOf(kv, 'shard.2');
    expect(left?.entry.left).toBe(true);
    if (left !== undefined) expect(await hasLapsed(kv, 'shard.2', left, 1, forEver)).toBe(true);
    expect(await takeLease(kv, 'shard.2', 'b', left)).toMatchObject({ incarnation: 2 });
  });

  it('of a run that its coordinator has deleted is not one of a run that NATS has lost', async () => {
    const directory = await openBucket(nats, DIRECTORY);
    await directory.put('going-on', '{}');
    await directory.put('deleted', '{}');
    await directory.delete('deleted');
    const all = ['going-on', 'deleted', 'lost'].map((run) => isDeleted(nats, run));
    expect(await Promise.all(all)).toEqual([false, true, false]);
  });

  it('needs a server that takes messages of a useful size', async () => {
    const config = join(temporaryFolder(), 'small.conf');
    writeFileSync(config, 'max_payload: 1KB\n');
    const small = await startNats('-c', config);
    await expect(open({ url: small.url })).rejects.toThrow(/at most 1024 bytes, and 65536 are needed/);
    await small.kill();
  });

  it.each([
    [{ token: 'wrong' }, /refused the token/],
    [{ url: 'nats://127.0.0.1:1' }, /cannot be reached/],
  ])('is refused with %j', async (of, message) => {
    await expect(open(of)).rejects.toThrow(message);
    await expect(open(of)).rejects.not.toThrow(/wrong/);
  });
});
