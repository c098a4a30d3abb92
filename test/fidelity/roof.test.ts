import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  readRoof,
  roofFile,
  type StoredRoof,
  shareOfRoof,
  thisMachine,
  writeRoof,
} from '../../src/fidelity/roof.js';
import { usableCpus } from '../../src/util/cgroup.js';

const machine = {
  ...{ cpuModel: 'CPU', cores: 8, usableCpus: 6 },
  ...{ nodeVersion: '20.20.2', aiperfVersion: '0.1.0' },
};
const roof: StoredRoof = {
  machine,
  measuredAt: '2026-11-29T22:00:00.000Z',
  ...{ requestsPerSecond: 42_000, eventsPerSecond: 85_000, timelyEventsPerSecond: 74_500 },
  stampDelays: [{ threads: 1, eventsPerSecond: 10_000, unit: 'ms', p50: 0.03, p99: 2.4 }],
};
const fileIn = () => join(mkdtempSync(join(tmpdir(), 'aiperf-roof-')), 'cache', 'roof.json');

it('is stored whole, and read as the two costs', () => {
  const file = fileIn();
  expect(writeRoof(file, roof)).toEqual([]);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    machine: {
      ...{ cpu_model: 'CPU', cores: 8, usable_cpus: 6 },
      ...{ node_version: '20.20.2', aiperf_version: '0.1.0' },
    },
    measured_at: '2026-11-29T22:00:00.000Z',
    ...{ requests_per_second: 42_000, events_per_second: 85_000, timely_events_per_second: 74_500 },
    stamp_delays: [{ threads: 1, events_per_second: 10_000, unit: 'ms', p50: 0.03, p99: 2.4 }],
  });
  expect(readRoof(file, () => machine)).toEqual({ requestsPerSecond: 42_000, eventsPerSecond: 85_000 });
});

it.each([
  { ...machine, cpuModel: 'Another CPU' },
  { ...machine, cores: 16 },
  { ...machine, usableCpus: 8 },
  { ...machine, nodeVersion: '22.0.0' },
  { ...machine, aiperfVersion: '0.2.0' },
])('is not that of another machine or version: %o', (other) => {
  const file = fileIn();
  writeRoof(file, roof);
  expect(readRoof(file, () => other)).toBeUndefined();
});

it.each([
  '{"machine":{"cores":8}',
  '[]',
  '{}',
  '{"requests_per_second":"many","events_per_second":5}',
  '{"requests_per_second":0,"events_per_second":5}',
])('a damaged file is none: %s', (text) => {
  const file = join(mkdtempSync(join(tmpdir(), 'aiperf-roof-')), 'roof.json');
  writeFileSync(file, text);
  expect(readRoof(file, () => ({}))).toBeUndefined();
});

it('a missing file is none, and does not look at the machine', () => {
  expect(readRoof(fileIn(), expect.unreachable)).toBeUndefined();
  expect(readRoof(join(fileIn(), '\0'), expect.unreachable)).toBeUndefined();
});

it('lies in the cache folder of the user', () => {
  expect(roofFile({ XDG_CACHE_HOME: '/c' })).toBe('/c/aiperf/roof.json');
  expect(roofFile({ XDG_CACHE_HOME: '' })).toMatch(/\/\.cache\/aiperf\/roof\.json$/);
});

it('names this machine by what the roof depends on', () => {
  expect(thisMachine()).toEqual({
    ...{ cpuModel: cpus()[0]?.model ?? 'unknown', cores: cpus().length, usableCpus: usableCpus() },
    nodeVersion: process.versions.node,
    aiperfVersion: JSON.parse(readFileSync('package.json', 'utf8')).version,
  });
});

it.each([
  // 500 requests at 1,000/s are 0.5 s; 3,000 reads after the first of each, at 10,000/s, 0.3 s: 0.8 of 4 s.
  [{ requests: 500, reads: 3500, threadNs: 4e9 }, 0.2],
  // A refused request has no read.
  [{ requests: 500, reads: 100, threadNs: 1e9 }, 0.5],
  [{ requests: 0, reads: 0, threadNs: 1e9 }, 0],
])('%o is a share of %d', (work, share) => {
  expect(shareOfRoof(work, { requestsPerSecond: 1000, eventsPerSecond: 10_000 })).toBeCloseTo(share, 12);
});
