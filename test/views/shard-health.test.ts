import { expect, it } from 'vitest';
import { shardHealth, shardsSummary } from '../../src/views/shard-health.js';
import { madeUpShards } from './made-up-shards.js';

it('has the busiest and the slowest thread of each machine, and all its late sends', () => {
  expect(
    shardHealth(madeUpShards).map(({ threads, cpuShare, loopDelayMs, lateSends, inFlight }) => [
      ...[inFlight, threads, cpuShare, loopDelayMs, lateSends],
    ]),
  ).toEqual([
    [30, 2, 0.35, 2.5, 3],
    [10, 1, 0.45, 12, 40],
    [0, 1, 0.55, 0.5, 0],
    [0, 0, undefined, undefined, 0],
  ]);
  expect(shardHealth({ threads: madeUpShards.threads })).toEqual([]);
});

it('counts machines by state', () => {
  const { shards = [] } = madeUpShards;
  expect(shardsSummary(shards)).toBe(
    '4 shards: 1 running, 1 done, 1 silent, 1 lost, 1 client limited, 1 client strained',
  );
  expect(shardsSummary(shards.slice(0, 1))).toBe('1 shard: 1 running');
});
