import { parentPort, workerData } from 'node:worker_threads';
import { openPlanned } from '../dataset/plan.js';
import { openSampler } from '../dataset/sampling.js';
import { openEndpoint } from '../endpoint/endpoints.js';
import { PREWARMED, RecordPacker } from '../records/pack.js';
import { SpoolGate } from '../records/spool-gate.js';
import { sessionsOf as scheduledSessions } from '../schedule/fixed-schedule.js';
import { openTransport } from '../transport/open.js';
import { openClock } from '../util/clock.js';
import { ConversationCache } from './conversation-cache.js';
import { SharedCounters } from './counters.js';
import { EventLoopMonitor } from './event-loop-monitor.js';
import { type PhaseEnvironment, PhasePlayer } from './phase-player.js';
import type { LoadCommand, LoadEvent, LoadPlan, LoadThreadData, PhasePlan } from './plan.js';
import { openPrewarm } from './prewarm.js';
import { discardBatches, RecordBatcher } from './record-batcher.js';
import { SessionsAhead } from './sessions-ahead.js';
import { SpoolSink } from './spool-sink.js';
import { StreamedSessions } from './streamed-sessions.js';

/** A load thread: derives its share of each phase, sends, timestamps, and spools finished records. */
async function runLoadThread({
  plan,
  origin,
  share,
  parts,
  counters: shared,
  workerId,
  thread,
  threads,
  records,
  spool: folder,
  gate,
  preparation,
}: LoadThreadData): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('a load thread runs only as a worker');
  const { nowNs } = openClock(origin);
  const post = (event: LoadEvent) => port.postMessage(event);
  const sink = new SpoolSink({
    ...{ folder, thread, workerId, gate: new SpoolGate(gate), port: records },
    onFailure: (message) => post({ kind: 'spool-failed', message }),
    onSlow: (bytes) => post({ kind: 'spool-slow', bytes }),
  });
  const dataset = openPlanned(plan.dataset, plan.prompts);
  const ahead = preparation && new SessionsAhead(preparation, threads);
  let isPrewarming = true;
  // Number of the thread among those of all sources.
  const number = thread * share.sources + share.source;
  const monitor = new EventLoopMonitor(nowNs, number, (observation) => {
    if (!isPrewarming) records.postMessage(observation);
  });
  const onRead = (atNs: number) => monitor.noteRead(atNs);
  const environment: PhaseEnvironment = {
    conversations: new ConversationCache(dataset, sessionsOf(plan)),
    ahead,
    sample: openSampler(plan.sampling, dataset.size, plan.prompts.seed),
    targets: plan.targets,
    transport: await openTransport(plan.transport, { ...plan.transportOptions, nowNs, onRead }),
    batcher: new RecordBatcher(sink, new RecordPacker(workerId)),
    share: { thread, threads },
    stream: plan.dataset.kind === 'stream' ? new StreamedSessions(plan.dataset.ring, thread) : undefined,
  };
  const player = new PhasePlayer(plan, monitor, nowNs);
  // Keeps the finished records also if the thread fails.
  process.once('exit', () => {
    environment.batcher.flush();
    sink.putNow();
  });
  const finish = async () => {
    const written = environment.batcher.close();
    environment.transport.close();
    ahead?.close();
    monitor.close();
    await written;
    post({ kind: 'finished' });
    port.close();
  };

  port.on('message', (command: LoadCommand) => {
    if (command.kind === 'interrupt') player.drop(command.why);
    else if (command.kind === 'finish') void finish();
    else {
      const { phase: index, startNs, firstSession, join } = command;
      const phase = plan.phases[index];
      if (phase === undefined) throw new Error(`the load plan has no phase ${index}`);
      const counters = new SharedCounters(shared[index]);
      const start = { phase, counters, startNs, firstSession, join, part: parts[index] };
      player.play(start, environment, (report) => post({ kind: 'phase-done', report }));
    }
  });
  // Twice: after one phase, V8 would specialize the code on the closures of that phase.
  for (let time = 0; time < 2; time++) {
    // The records of one thread are enough to prewarm the record thread.
    const prewarm = openPrewarm(
      plan,
      openEndpoint(plan.endpoint, plan.body),
      thread === 0 ? sink : discardBatches,
      nowNs,
    );
    if (prewarm === undefined) break;
    const { phase, environment: invented } = prewarm;
    const counters = new SharedCounters();
    await new Promise((resolve) =>
      player.play({ phase, counters, startNs: nowNs(), firstSession: 0, part: undefined }, invented, resolve),
    );
    invented.transport.close();
  }
  isPrewarming = false;
  await sink.endPrewarm();
  records.postMessage(PREWARMED);
  post({ kind: 'ready' });
}

/** Maximum sessions of all phases; Infinity if only time limits one. */
function sessionsOf({ phases }: LoadPlan): number {
  const most = ({ issuing, sessionLimit, requestLimit }: PhasePlan) => {
    const limit = Math.min(sessionLimit, requestLimit);
    return issuing.kind === 'fixed-schedule' ? Math.min(limit, scheduledSessions(issuing.schedule)) : limit;
  };
  return phases.reduce((sum, phase) => sum + most(phase), 0);
}

await runLoadThread(workerData);
