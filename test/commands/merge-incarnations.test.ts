import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunFacts } from '../../src/run/facts.js';
import { panelText, readJson, readRecords, temporaryFolder } from '../e2e/aiperf.js';
import { wideAiperf } from './in-process.js';
import { endedRequests, factsOfShard, writeRun } from './shard-folders.js';

const linesOf = endedRequests();
const numberOf = (line: string) => Number(/"session_num":(\d+)/.exec(line)?.[1]);
/** When request 25, of shard 1, is due: there the second agent joins. */
const joinedAtNs = BigInt(
  /"credit_issued_ns":(\d+)/.exec(linesOf(1, 3).find((line) => numberOf(line) === 25) ?? '')?.[1] ?? 0,
);

let root: string;
let whole: string;
let others: string[];

beforeEach(() => {
  root = temporaryFolder();
  whole = join(root, 'whole');
  others = [0, 2].map((shard) =>
    writeRun(join(root, `shard-${shard}`), linesOf(shard, 3), factsOfShard(shard), null),
  );
});

/** The folder of an agent that has held shard 1, with the records of some of its requests: 1, 4 … 37. */
function folderOf(incarnation: number, has: (number: number) => boolean, name = `${incarnation}`): string {
  const facts = factsOfShard(1);
  const joined =
    incarnation === 1 ? {} : { join: { phase: 'profiling', atNs: joinedAtNs, numbersBelow: 25 } };
  const shard: RunFacts['shard'] = { ...facts.shard, incarnation, host: `host-${name}`, ...joined };
  const lines = linesOf(1, 3).filter((line) => has(numberOf(line)));
  return writeRun(join(root, `agent-${name}`), lines, { ...facts, shard }, null);
}

const merge = (...dirs: string[]) => wideAiperf('merge', ...dirs, '--artifact-dir', whole);

describe('the folders of two agents of a shard', () => {
  it('are merged, without what the first one sent when the second had joined', async () => {
    // 19 and 22 are lost; the first agent has sent 25 and 28, too.
    const first = folderOf(1, (number) => number <= 16 || number === 25 || number === 28);
    const second = folderOf(2, (number) => number >= 25);
    const { code, stdout } = await merge(second, ...others, first);
    expect(code).toBe(1);
    const records = readRecords(join(whole, 'profile_export.jsonl'));
    const own = records.filter(({ metadata }) => metadata.shard === 1);
    expect(own.map(({ metadata }) => metadata.session_num).sort((a, b) => Number(a) - Number(b))).toEqual([
      ...[1, 4, 7, 10, 13, 16],
      ...[25, 28, 31, 34, 37],
    ]);
    const { merge: how, reasons, shards } = readJson(join(whole, 'profile_export_aiperf.json')).shards;
    expect(how).toBe('degraded');
    expect(reasons).toEqual([
      'shard 1 was lost, and another agent (host-2) joined 1.2 s after the start: 2 of the 13 requests due from it have no record; ' +
        '2 requests of an agent that went on when another one had joined are left out',
    ]);
    const counts = (profiling: number) => ({ warmup: 0, profiling });
    expect(shards[1]).toMatchObject({
      ...{ state: 'rejoined', host: 'host-2', records: counts(11), missing: { profiling: 2 } },
      incarnations: [
        { incarnation: 1, host: 'host-1', records: counts(6), left_out: counts(2) },
        {
          ...{ incarnation: 2, host: 'host-2', records: counts(5), left_out: counts(0) },
          joined_phase: 'profiling',
        },
      ],
    });
    expect(stdout).toContain('1, agent 2');
  });

  it('are refused where they are of the same agent', async () => {
    const first = folderOf(1, (number) => number <= 16);
    const copy = folderOf(1, (number) => number <= 16, 'copy');
    const { code, stderr } = await merge(first, copy, ...others);
    expect(code).toBe(1);
    expect(panelText(stderr)).toContain(`Shard 1 is there twice: ${first} and ${copy}.`);
  });

  it('are merged without that of the first, if it is lost', async () => {
    const { code } = await merge(
      folderOf(2, (number) => number >= 25),
      ...others,
    );
    expect(code).toBe(1);
    const { shards, start_skew_ms } = readJson(join(whole, 'profile_export_aiperf.json')).shards;
    expect(shards[1]).toMatchObject({ state: 'rejoined', missing: { profiling: 8 } });
    // Its first request is not a late start.
    expect(start_skew_ms).toBeLessThan(200);
  });
});
