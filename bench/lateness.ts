import { join } from 'node:path';
import { chatArgs, chatBody } from './measure/bodies.js';
import { compileFloor, runFloor } from './measure/floor.js';
import { quick, rounds } from './measure/options.js';
import { builds, FiguresOfBuilds, runOurs } from './measure/ours.js';
import { median, type Spread, spreadOf } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startCannedServer, withFolder } from './measure/servers.js';
import { readRecords } from './measure/stamps.js';

// How late requests are sent: the time of the send less the time at which it was due, both by the client's clock.

const report = openReport('lateness');
const EVENTS_PER_SECOND = 50_000;
const GAP_MS = 20;

compileFloor();
for (const perSecond of [100, 1000, 5000]) {
  for (const pattern of ['constant', 'poisson'] as const) {
    await measure(perSecond, pattern, 0);
    await measure(perSecond, pattern, EVENTS_PER_SECOND / perSecond);
  }
}
report.note(
  'Microseconds; early: sends before they were due. With events: each answer is a stream of one event in 20 ms, and figures begin once the first streams have ended.',
);
report.finish();

interface Measured {
  readonly late: Spread;
  readonly early: number;
  readonly cpuPerRequest: number;
}

/** @param tokens of each answer, streamed; 0: a small whole answer. */
async function measure(perSecond: number, pattern: 'constant' | 'poisson', tokens: number): Promise<void> {
  const fillSeconds = (tokens * GAP_MS) / 1000;
  const seconds = quick ? fillSeconds + 1 : fillSeconds + 5;
  const requests = Math.round(perSecond * seconds);
  const server = await startCannedServer(tokens, 1, GAP_MS);
  const ours = new FiguresOfBuilds<Measured>();
  const c: Measured[] = [];
  const skip = Math.round(perSecond * fillSeconds);
  for (let round = 0; round < rounds; round++) {
    const load = { port: server.port, connections: 0, requests, body: chatBody(tokens || 1, tokens > 0) };
    const floor = await runFloor({ ...load, rate: { perSecond, pattern }, keepStamps: true });
    c.push(lateness(floor.stamps, skip, floor.cpuSeconds / requests));
    const open = ['--request-rate', String(perSecond), '--arrival-pattern', pattern];
    const args = [...chatArgs(tokens || 1, tokens > 0), ...open, '--request-count', String(requests)];
    for (const build of builds)
      await withFolder(async (folder) => {
        const run = await runOurs(server.url, folder, args, { build });
        // Both times are of one clock: its origin does not matter.
        const records = readRecords(join(folder, 'profile_export.jsonl'), BigInt(Date.now()) * 1_000_000n);
        ours.add(build, lateness(records, skip, run.cpuSeconds / requests));
      });
  }
  await server.stop();
  const floor = (pick: (run: Measured) => number) => median(c.map(pick));
  for (const [client, of] of [...ours.medians(), ['C sink', floor] as const]) {
    report.add('late by, us', {
      'requests/s': perSecond,
      pattern,
      'events/s': tokens * perSecond,
      client,
      min: of((run) => run.late.min),
      p50: of((run) => run.late.p50),
      p90: of((run) => run.late.p90),
      p99: of((run) => run.late.p99),
      max: of((run) => run.late.max),
      early: of((run) => run.early),
      'us CPU/request': of((run) => run.cpuPerRequest * 1e6),
    });
  }
}

function lateness(
  sends: readonly { dueNs: number; startNs: number }[],
  skip: number,
  cpuPerRequest: number,
): Measured {
  const inOrder = [...sends].sort((a, b) => a.dueNs - b.dueNs).slice(skip);
  const late = inOrder.map(({ dueNs, startNs }) => (startNs - dueNs) / 1000);
  return { late: spreadOf(late), early: late.filter((by) => by < 0).length, cpuPerRequest };
}
