import { parentPort, workerData } from 'node:worker_threads';
import { openDataset, turnsOf } from '../dataset/plan.js';
import { openPrompts } from '../dataset/prompts.js';
import { openSampler } from '../dataset/sampling.js';
import { openTokenizer } from '../dataset/tokenizer/open.js';
import { endpoints } from '../endpoint/endpoints.js';
import { headerMaker } from '../endpoint/headers.js';
import { openCancellations } from '../schedule/cancellation.js';
import { phaseEnd } from '../schedule/stop.js';
import { openHttpTransport } from '../transport/http.js';
import type { Transport, TransportOptions } from '../transport/transport.js';
import { openClock } from '../util/clock.js';
import { openAlarm } from './alarm.js';
import { SharedCounters } from './counters.js';
import { openIssuer } from './issuing.js';
import { KeptConversations } from './kept-conversations.js';
import { Outbox } from './outbox.js';
import { Phase } from './phase.js';
import type { LoadCommand, LoadEvent, LoadPlan, LoadThreadData, PhasePlan } from './plan.js';
import { Probe } from './probe.js';

/** A load thread: works out its share of each phase, sends, stamps, and posts finished records. */
async function runLoadThread({ plan, workerId, thread, threads, records }: LoadThreadData): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('a load thread runs only as a worker');
  const { nowNs } = openClock(plan.origin);
  const { corpus, seed, corrector } = plan.prompts;
  const dataset = openDataset(plan.dataset, openPrompts(corpus, seed, corrector && openTokenizer(corrector)));
  const conversations = new KeptConversations(dataset);
  const transport = await openTransport(plan, { ...plan.transportOptions, nowNs });
  const outbox = new Outbox(records, workerId);
  const alarm = openAlarm(nowNs);
  const probe = new Probe(nowNs);
  const endpoint = endpoints[plan.endpoint];
  const sample = openSampler(plan.sampling, dataset.size, seed);
  const say = (event: LoadEvent) => port.postMessage(event);
  let running: Phase | undefined;

  const startPhase = (phasePlan: PhasePlan, startNs: number, firstSession: number) => {
    const { cancellation, graceNs } = phasePlan;
    const { issueUntilNs, cutAtNs } = phaseEnd(phasePlan);
    const counters = new SharedCounters(phasePlan.counters);
    const phase = new Phase({
      startNs,
      issueUntilNs: startNs + issueUntilNs,
      cutAtNs: startNs + cutAtNs,
      cutReason: `still in flight when the grace period of ${graceNs / 1e9} s ended`,
      requestLimit: phasePlan.requestLimit,
      sessionLimit: phasePlan.sessionLimit,
      firstSession,
      counters,
      conversations,
      sample,
      targets: plan.targets,
      sending: {
        phase: phasePlan.name,
        endpoint,
        body: plan.body,
        headers: headerMaker(plan.headers),
        answer: { endpoint, streamEnd: plan.streamEnd, keepUnits: plan.keepRaw },
        countsTokens: plan.countsTokens,
        keepTrace: plan.keepTrace,
        requestTimeoutMs: plan.requestTimeoutMs,
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
        say({ kind: 'phase-done', report: probe.end(thread) });
      },
    });
    running = phase;
    alarm.at(startNs, () => probe.begin());
    phase.run(
      openIssuer(phasePlan.issuing, phase, {
        thread,
        threads,
        seed,
        turnsOf: (conversation) => turnsOf(plan.dataset, conversation),
      }),
    );
  };

  port.on('message', (command: LoadCommand) => {
    if (command.kind === 'interrupt') running?.drop(command.why);
    else if (command.kind === 'finish') {
      outbox.close();
      transport.close();
      probe.close();
      say({ kind: 'finished' });
      port.close();
    } else {
      const phasePlan = plan.phases[command.phase];
      if (phasePlan === undefined) throw new Error(`the load plan has no phase ${command.phase}`);
      startPhase(phasePlan, command.startNs, command.firstSession);
    }
  });
  say({ kind: 'ready' });
}

async function openTransport(plan: LoadPlan, options: TransportOptions): Promise<Transport> {
  if (plan.transport === 'http') return openHttpTransport(options);
  const { openUndiciTransport } = await import('../transport/undici.js');
  return openUndiciTransport(options);
}

await runLoadThread(workerData);
