import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openDataset, turnsOf } from '../dataset/plan.js';
import { openPrompts } from '../dataset/prompts.js';
import { openSampler } from '../dataset/sampling.js';
import { openTokenizer } from '../dataset/tokenizer/open.js';
import { endpoints } from '../endpoint/endpoints.js';
import { headerMaker } from '../endpoint/headers.js';
import type { ThreadReport } from '../fidelity/thread-report.js';
import { PREWARMED, RecordPacker } from '../records/pack.js';
import { SpoolWriter } from '../records/spool.js';
import { openCancellations } from '../schedule/cancellation.js';
import { phaseEnd } from '../schedule/stop.js';
import { openHttpTransport } from '../transport/http.js';
import type { Transport, TransportOptions } from '../transport/transport.js';
import { openClock } from '../util/clock.js';
import { messageOf } from '../util/errors.js';
import { nowhere, type SpoolSink, spoolSink } from './batch-sink.js';
import { ConversationCache } from './conversation-cache.js';
import { SharedCounters } from './counters.js';
import { EventLoopMonitor } from './event-loop-monitor.js';
import { openIssuer } from './issuing.js';
import type { PhaseEnvironment } from './phase-environment.js';
import { PhaseRunner } from './phase-runner.js';
import type { LoadCommand, LoadEvent, LoadPlan, LoadThreadData, PhasePlan } from './plan.js';
import { openPrewarm } from './prewarm.js';
import { fixedShare } from './quota.js';
import { RecordBatcher } from './record-batcher.js';
import { openTimerQueue } from './timer-queue.js';

/** A load thread: works out its share of each phase, sends, stamps, and posts finished records. */
async function runLoadThread({
  plan,
  origin,
  share,
  counters: shared,
  workerId,
  thread,
  threads,
  records,
  spool,
}: LoadThreadData): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('a load thread runs only as a worker');
  const { nowNs } = openClock(origin);
  const say = (event: LoadEvent) => port.postMessage(event);
  const sink = openSink(records, spool, workerId, thread, (message) =>
    say({ kind: 'spool-failed', message }),
  );
  const { corpus, seed, corrector } = plan.prompts;
  const dataset = openDataset(plan.dataset, openPrompts(corpus, seed, corrector && openTokenizer(corrector)));
  const stage: PhaseEnvironment = {
    conversations: new ConversationCache(dataset, sessionsOf(plan)),
    sample: openSampler(plan.sampling, dataset.size, seed),
    targets: plan.targets,
    transport: await openTransport(plan, { ...plan.transportOptions, nowNs }),
    batcher: new RecordBatcher(sink, new RecordPacker(workerId)),
    share: { ...share, thread, threads },
  };
  const timers = openTimerQueue(nowNs);
  let isPrewarming = true;
  // Its number among the threads of all sources.
  const number = thread * share.sources + share.source;
  const monitor = new EventLoopMonitor(nowNs, number, (observation) => {
    if (!isPrewarming) records.postMessage(observation);
  });
  const endpoint = endpoints[plan.endpoint];
  // Also where the thread fails: what has ended by then is kept.
  process.once('exit', () => stage.batcher.flush());
  let running: PhaseRunner | undefined;

  const play = (
    phasePlan: PhasePlan,
    counters: SharedCounters,
    startNs: number,
    firstSession: number,
    { transport, batcher, share: part, ...played }: PhaseEnvironment,
    onDone: (report: ThreadReport) => void,
  ) => {
    const { cancellation, graceNs } = phasePlan;
    const { issueUntilNs, cutAtNs } = phaseEnd(phasePlan);
    const isAlone = part.sources === 1;
    const cutByTime = phasePlan.issuing.kind === 'fixed-schedule';
    const phase = new PhaseRunner({
      ...played,
      startNs,
      issueUntilNs: startNs + issueUntilNs,
      cutAtNs: startNs + cutAtNs,
      cutReason: `still in flight when the grace period of ${graceNs / 1e9} s ended`,
      requestLimit: phasePlan.requestLimit,
      sessionLimit: phasePlan.sessionLimit,
      firstSession,
      counters,
      quota: isAlone ? counters : fixedShare(counters, part, cutByTime),
      sending: {
        phase: phasePlan.name,
        endpoint,
        body: plan.body,
        headers: headerMaker(plan.headers),
        answer: { endpoint, streamEnd: plan.streamEnd, keepUnits: plan.keepRaw },
        countsTokens: plan.countsTokens,
        keepTrace: plan.keepTrace,
        requestTimeoutMs: plan.requestTimeoutMs,
        maxMessageBytes: plan.transportOptions.limits.messageBytes,
        transport,
        nowNs,
        onRead: (atNs) => {
          counters.noteActivity();
          monitor.noteRead(atNs);
        },
        mayBeLate: (atNs) => monitor.mayBeLate(atNs),
      },
      timers,
      cancellation: cancellation && {
        isChosen: openCancellations(seed, cancellation.percent),
        delayNs: cancellation.delayNs,
      },
      prefill: phasePlan.prefill,
      onRecord: (record) => batcher.add(record),
      onDone: () => {
        timers.close();
        running = undefined;
        batcher.flush();
        onDone(monitor.end());
      },
    });
    running = phase;
    monitor.prepare();
    timers.at(startNs, () => monitor.begin(startNs));
    phase.run(
      openIssuer(phasePlan.issuing, phase, {
        ...part,
        seed,
        turnsOf: (conversation) => turnsOf(plan.dataset, conversation),
      }),
    );
  };

  port.on('message', (command: LoadCommand) => {
    if (command.kind === 'interrupt') running?.drop(command.why);
    else if (command.kind === 'finish') {
      stage.batcher.close();
      stage.transport.close();
      monitor.close();
      say({ kind: 'finished' });
      port.close();
    } else {
      const phasePlan = plan.phases[command.phase];
      if (phasePlan === undefined) throw new Error(`the load plan has no phase ${command.phase}`);
      const counters = new SharedCounters(shared[command.phase]);
      play(phasePlan, counters, command.startNs, command.firstSession, stage, (report) =>
        say({ kind: 'phase-done', report }),
      );
    }
  });
  // Twice: V8 takes what it sees once, the closures of one phase, for all that there will ever be.
  for (let time = 0; time < 2; time++) {
    // What one thread leaves is enough for the record thread to get going.
    const prewarm = openPrewarm(plan, endpoint, thread === 0 ? sink : nowhere, nowNs);
    if (prewarm === undefined) break;
    await new Promise((resolve) =>
      play(prewarm.phase, new SharedCounters(), nowNs(), 0, prewarm.stage, resolve),
    );
    prewarm.stage.transport.close();
  }
  isPrewarming = false;
  sink.endPrewarm();
  records.postMessage(PREWARMED);
  say({ kind: 'ready' });
}

function openSink(
  records: MessagePort,
  folder: string | undefined,
  workerId: string,
  thread: number,
  onFailure: (message: string) => void,
): SpoolSink {
  let spool: SpoolWriter | undefined;
  try {
    spool = folder === undefined ? undefined : new SpoolWriter(folder, thread, workerId);
  } catch (thrown) {
    onFailure(messageOf(thrown));
  }
  return spoolSink(spool, records, onFailure);
}

/** Most sessions of all phases; Infinity where nothing but time ends one. */
function sessionsOf({ phases }: LoadPlan): number {
  const most = ({ issuing, sessionLimit, requestLimit }: PhasePlan) => {
    const limit = Math.min(sessionLimit, requestLimit);
    return issuing.kind === 'fixed-schedule' ? Math.min(limit, issuing.schedule.conversations.length) : limit;
  };
  return phases.reduce((sum, phase) => sum + most(phase), 0);
}

async function openTransport(plan: LoadPlan, options: TransportOptions): Promise<Transport> {
  if (plan.transport === 'http') return openHttpTransport(options);
  const { openUndiciTransport } = await import('../transport/undici.js');
  return openUndiciTransport(options);
}

await runLoadThread(workerData);
