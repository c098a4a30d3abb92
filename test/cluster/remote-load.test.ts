import { expect, it } from 'vitest';
import { RemoteLoad, type RemoteLoadOptions } from '../../src/cluster/coordinator/remote-load.js';
import { Shard } from '../../src/cluster/coordinator/shard.js';

it('starts a phase at a whole nanosecond, as files have it', async () => {
  const shard = new Shard(0);
  const clock = { clock: 'c', offsetNs: 0, errorNs: 40.5, wallNs: 0 };
  shard.noteReady({ incarnation: 1, hash: 'h', host: 'h', threads: 1, clock }, 0);
  const options: Partial<RemoteLoadOptions> = {
    clock: { origin: { monotonicNs: 0n, epochNs: 0n }, nowNs: () => 1000 },
    ...{ nowMs: () => 0, round: 0, starts: new Map(), joins: new Map(), load: { phases: [] } as never },
    superseded: new AbortController().signal,
  };
  const load = new RemoteLoad([shard], options as RemoteLoadOptions);
  // Now, 3 s, and half of a round trip of 81 ns.
  expect(await load.startOf(0, 0)).toBe(3_000_001_041);
  expect(await load.startOf(0, 4e9 + 0.25)).toBe(4_000_000_001);
  await load.terminate();
});
