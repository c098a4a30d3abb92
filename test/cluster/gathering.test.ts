import { describe, expect, it } from 'vitest';
import { type GatheringOptions, gatherShards, missingText } from '../../src/cluster/coordinator/gathering.js';
import { Shard } from '../../src/cluster/coordinator/shard.js';

const entry = { incarnation: 1, uid: 'u', host: 'host-a', pid: 1, version: '1' };
const clock = { clock: 'c', offsetNs: 0, errorNs: 0, wallNs: 0 };

/** A shard of an agent that gave its last sign of life at `signMs`. */
function heldShard(number: number, signMs: number): Shard {
  const shard = new Shard(number);
  shard.noteHolder({ ...entry, rejoins: false }, signMs);
  return shard;
}

function readyShard(number: number, signMs = 0): Shard {
  const shard = heldShard(number, signMs);
  shard.noteReady({ incarnation: 1, hash: 'h', host: 'host-a', threads: 1, clock, roof: undefined }, signMs);
  return shard;
}

/** Its agent has ended. */
function leftShard(number: number): Shard {
  const shard = new Shard(number);
  shard.noteHolder({ ...entry, rejoins: false, left: true }, 0);
  return shard;
}

function failedShard(number: number): Shard {
  const shard = heldShard(number, 0);
  shard.noteFailure(1, 'cannot go on: ENOSPC: no space left on device');
  return shard;
}

describe('shards that are missing', () => {
  it.each([
    ['no agent: shard 2', [new Shard(2)]],
    ['no agent: shard 2', [leftShard(2)]],
    ['preparing: shard 2 on host-a', [heldShard(2, 9000)]],
    ['no sign of life: shard 2 on host-a', [heldShard(2, 4999)]],
    ['shard 2 on host-a cannot go on: ENOSPC: no space left on device', [failedShard(2)]],
    [
      'no agent: shards 0, 3 to 5 and 7; preparing: shards 1 and 2',
      [0, 1, 2, 3, 4, 5, 7].map((n) => (n === 1 || n === 2 ? heldShard(n, 9999) : new Shard(n))),
    ],
    [
      'no agent: shards 0, 2, 4, 6, 8, 10, 12, 14 …',
      Array.from({ length: 20 }, (_, index) => new Shard(2 * index)),
    ],
  ])('are named with the reason: %s', (text, missing) => {
    expect(missingText(missing, 10_000)).toBe(text);
  });
});

describe('gathering', () => {
  const never = new AbortController().signal;
  const lines: string[] = [];
  /** A clock that goes on by four seconds at each look. */
  const optionsOf = (given: Partial<GatheringOptions> = {}): GatheringOptions => {
    let now = 0;
    lines.length = 0;
    return {
      ...{ run: 'r', host: 'host-c', minShards: 2, joinTimeoutSeconds: 60, shardTimeoutSeconds: 30 },
      nowMs: () => {
        now += 4000;
        return now;
      },
      log: (_level, _logger, message) => lines.push(message),
      ...{ hasBegun: () => false, refusal: () => undefined, superseded: never },
      ...given,
    };
  };

  it('ends when all are ready', async () => {
    expect(await gatherShards([readyShard(0), readyShard(1)], optionsOf(), never)).toEqual([]);
    expect(lines).toEqual([]);
  });

  it('says whom it waits for, and in the end why there are too few', async () => {
    const shards = [readyShard(0, 59_000), new Shard(1)];
    const options = optionsOf({ refusal: () => 'an agent on host-b refuses: it is too old' });
    await expect(gatherShards(shards, options, never)).rejects.toMatchObject({
      message:
        '1 of 2 shards were ready within 60 s (no agent: shard 1; an agent on host-b refuses: it is too old).',
      hint: 'Start an agent on each machine (aiperf agent --nats …), or allow fewer with --min-shards 1.',
    });
    expect(lines).toEqual([
      '1 of 2 shards are ready (no agent: shard 1); start agents with: aiperf agent --nats … (run r, coordinator on host-c)',
    ]);
  });

  it('does not count an agent that was ready and gives no sign of life, unless the load has begun', async () => {
    const shards = [readyShard(0, 1e9), readyShard(1, -30_000)];
    await expect(gatherShards(shards, optionsOf(), never)).rejects.toThrow(
      '1 of 2 shards were ready within 60 s (no sign of life: shard 1 on host-a).',
    );
    expect(await gatherShards(shards, optionsOf({ hasBegun: () => true }), never)).toEqual([]);
  });

  it('ends at once when too few are left because agents have failed', async () => {
    const shards = [readyShard(0, 1e9), failedShard(1)];
    await expect(gatherShards(shards, optionsOf(), never)).rejects.toThrow(
      'shard 1 on host-a cannot go on: ENOSPC: no space left on device.',
    );
    expect(await gatherShards(shards, optionsOf({ minShards: 1 }), never)).toEqual([shards[1]]);
  });
});
