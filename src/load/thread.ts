import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openDataset, turnsOf } from '../dataset/plan.js';
import { openPrompts } from '../dataset/prompts.js';
import { openSampler } from '../dataset/sampling.js';
import { openTokenizer } from '../dataset/tokenizer/open.js';
import { endpoints } from '../endpoint/endpoints.js';
import { headerMaker } from '../endpoint/headers.js';
import type { ThreadReport } from '../fidelity/thread-report.js';
import { REHEARSED, RecordPacker } from '../records/pack.js';
import { SpoolWriter } from '../records/spool.js';
import { openCancellations } from '../schedule/cancellation.js';
import { phaseEnd } from '../schedule/stop.js';
import { openHttpTransport } from '../transport/http.js';
import type { Transport, TransportOptions } from '../transport/transport.js';
import { openClock } from '../util/clock.js';
import { messageOf } from '../util/errors.js';
import { openAlarm } from './alarm.js';
import { nowhere, type SpoolSink, spoolSink } from './batch-sink.js';
import { SharedCounters } from './counters.js';
import { openIssuer } from './issuing.js';
import { KeptConversations } from './kept-conversations.js';
import { Outbox } from './outbox.js';
import { Phase } from './phase.js';
import type { LoadCommand, LoadEvent, LoadPlan, LoadThreadData, PhasePlan } from './plan.js';
import { Probe } from './probe.js';
import { openRehearsal } from './rehearsal.js';
import type { Stage } from './stage.js';

/** A load thread: works out its share of each phase, sends, stamps, and posts finished records. */
async function runLoadThread({
  plan,
  workerId,
  thread,
  threads,
  records,
  spool,
}: LoadThreadData): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('a load thread runs only as a worker');
  const { nowNs } = openClock(plan.origin);
  const say = (event: LoadEvent) => port.postMessage(event);
  const sink = openSink(records, spool, workerId, thread, (message) =>
    say({ kind: 'spool-failed', message }),
  );
  const { corpus, seed, corrector } = plan.prompts;
  const dataset = openDataset(plan.dataset, openPrompts(corpus, seed, corrector && openTokenizer(corrector)));
  const stage: Stage = {
    conversations: new KeptConversations(dataset, sessionsOf(plan)),
    sample: openSampler(plan.sampling, dataset.size, seed),
    targets: plan.targets,
    transport: await openTransport(plan, { ...plan.transportOptions, nowNs }),
    outbox: new Outbox(sink, new RecordPacker(workerId)),
    share: { thread, threads },
  };
  const alarm = openAlarm(nowNs);
  const probe = new Probe(nowNs);
  const endpoint = endpoints[plan.endpoint];
  // Also where the thread fails: what has ended by then is kept.
  process.once('exit', () => stage.outbox.flush());
  let running: Phase | undefined;

  const play = (
    phasePlan: PhasePlan,
    startNs: number,
    firstSession: number,
    { transport, outbox, share, ...played }: Stage,
    onDone: (report: ThreadReport) => void,
  ) => {
    const { cancellation, graceNs } = phasePlan;
    const { issueUntilNs, cutAtNs } = phaseEnd(phasePlan);
    const counters = new SharedCounters(phasePlan.counters);
    const phase = new Phase({
      ...played,
      startNs,
      issueUntilNs: startNs + issueUntilNs,
      cutAtNs: startNs + cutAtNs,
      cutReason: `still in flight when the grace period of ${graceNs / 1e9} s ended`,
      requestLimit: phasePlan.requestLimit,
      sessionLimit: phasePlan.sessionLimit,
      firstSession,
      counters,
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
          probe.noteRead(atNs);
        },
        mayBeLate: (atNs) => probe.mayBeLate(atNs),
      },
      alarm,
      cancellation: cancellation && {
        isChosen: openCancellations(seed, cancellation.percent),
        delayNs: cancellation.delayNs,
      },
      prefill: phasePlan.prefill,
      onRecord: (record) => outbox.add(record),
      onDone: () => {
        alarm.close();
        running = undefined;
        outbox.flush();
        onDone(probe.end(thread));
      },
    });
    running = phase;
    probe.prepare();
    alarm.at(startNs, () => probe.begin(startNs));
    phase.run(
      openIssuer(phasePlan.issuing, phase, {
        ...share,
        seed,
        turnsOf: (conversation) => turnsOf(plan.dataset, conversation),
      }),
    );
  };

  port.on('message', (command: LoadCommand) => {
    if (command.kind === 'interrupt') running?.drop(command.why);
    else if (command.kind === 'finish') {
      stage.outbox.close();
      stage.transport.close();
      probe.close();
      say({ kind: 'finished' });
      port.close();
    } else {
      const phasePlan = plan.phases[command.phase];
      if (phasePlan === undefined) throw new Error(`the load plan has no phase ${command.phase}`);
      play(phasePlan, command.startNs, command.firstSession, stage, (report) =>
        say({ kind: 'phase-done', report }),
      );
    }
  });
  // Twice: V8 takes what it sees once, the closures of one phase, for all that there will ever be.
  for (let time = 0; time < 2; time++) {
    // What one thread leaves is enough for the record thread to get going.
    const rehearsal = openRehearsal(plan, thread === 0 ? sink : nowhere, nowNs);
    if (rehearsal === undefined) break;
    await new Promise((resolve) => play(rehearsal.phase, nowNs(), 0, rehearsal.stage, resolve));
    rehearsal.stage.transport.close();
  }
  sink.endRehearsal();
  records.postMessage(REHEARSED);
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
