import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { chatArgs } from '../measure/bodies.js';
import { cpuSecondsOf, descendants, memoryOf } from '../measure/census.js';
import { startListener } from '../measure/listener.js';
import { startAgent, startNats } from '../measure/nats.js';
import { quick, rounds } from '../measure/options.js';
import { runOurs } from '../measure/ours.js';
import { median } from '../measure/quantiles.js';
import type { Report } from '../measure/report.js';
import { withFolder } from '../measure/servers.js';

/** Agents start and connect before idle ones are measured. */
const SETTLE_MS = 3000;
const IDLE_MS = quick ? 2000 : 10_000;

interface Start {
  /** Command to first request, s. */
  readonly seconds: number;
  /** Share of a core, %, and memory of an agent that waits. */
  readonly idlePercent: number;
  readonly idleMb: number;
  /** Share of a core of NATS, %, while all agents wait. */
  readonly natsPercent: number;
}

/** Agents that wait for a run, and the time from the command to its first request. */
export async function startedRuns(report: Report): Promise<void> {
  for (const agents of [0, 1, quick ? 4 : 20]) {
    const starts: Start[] = [];
    for (let round = 0; round < rounds; round++)
      starts.push(await withFolder((folder) => start(folder, agents)));
    const of = (pick: (one: Start) => number) => median(starts.map(pick));
    report.add('start', {
      agents: agents === 0 ? 'none: one process' : agents,
      'command to first request, s': of(({ seconds }) => seconds),
      'waiting agent, % of a core': of(({ idlePercent }) => idlePercent),
      'waiting agent, MB': of(({ idleMb }) => idleMb),
      'NATS meanwhile, % of a core': of(({ natsPercent }) => natsPercent),
    });
  }
  report.note(
    'With agents, 3 s of the time to the first request are the wait between the decision to start and the start.',
  );
}

async function start(folder: string, agents: number): Promise<Start> {
  let firstMs: number | undefined;
  const server = await startListener(() => {
    firstMs ??= performance.now();
  });
  const nats = await startNats();
  const shells: number[] = [];
  const ended = Array.from({ length: agents }, (_, agent) =>
    startAgent(nats, 'start', join(folder, `agent-${agent}`), {
      isWatched: false,
      onStart: ({ pid = 0 }) => shells.push(pid),
    }),
  );
  const used = () => shells.flatMap(descendants).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  let idle = { idlePercent: Number.NaN, idleMb: Number.NaN, natsPercent: Number.NaN };
  if (agents > 0) {
    await wait(SETTLE_MS + 200 * agents);
    const [before, natsBefore, atMs] = [used(), nats.cpuSeconds(), performance.now()];
    await wait(IDLE_MS);
    const percent = (seconds: number) => (1e5 * seconds) / (performance.now() - atMs);
    const memory = shells.flatMap(descendants).map((pid) => memoryOf(pid).mb);
    idle = {
      idlePercent: percent(used() - before) / agents,
      idleMb: median(memory),
      natsPercent: percent(nats.cpuSeconds() - natsBefore),
    };
  }
  const cluster = ['--nats', nats.url, '--shards', String(agents), '--run-id', 'start'];
  const load = ['--concurrency', '100', '--request-count', '1000', ...(agents > 0 ? cluster : [])];
  const startedAtMs = performance.now();
  await runOurs(server.url, join(folder, 'run'), [...chatArgs(1, false), ...load], {
    core: 'any',
    isWatched: false,
  });
  await Promise.all(ended);
  await nats.stop();
  await server.stop();
  return { seconds: ((firstMs ?? Number.NaN) - startedAtMs) / 1000, ...idle };
}
