import { parentPort, workerData } from 'node:worker_threads';
import { openDataset } from '../dataset/plan.js';
import { openPrompts } from '../dataset/prompts.js';
import { openSampler } from '../dataset/sampling.js';
import { openTokenizer } from '../dataset/tokenizer/open.js';
import { endpoints } from '../endpoint/endpoints.js';
import { headerMaker } from '../endpoint/headers.js';
import { openHttpTransport } from '../transport/http.js';
import type { Transport, TransportOptions } from '../transport/transport.js';
import { openClock } from '../util/clock.js';
import { ClosedLoop } from './closed-loop.js';
import { SharedCounters } from './counters.js';
import { Outbox } from './outbox.js';
import type { LoadCommand, LoadEvent, LoadPlan, LoadThreadData } from './plan.js';

/** A load thread: works out its share of the schedule, sends, stamps, and posts finished records. */
async function runLoadThread({ plan, workerId, slots, records }: LoadThreadData): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('a load thread runs only as a worker');
  const clock = openClock(plan.origin);
  const { corpus, seed, corrector } = plan.prompts;
  const dataset = openDataset(plan.dataset, openPrompts(corpus, seed, corrector && openTokenizer(corrector)));
  const transport = await openTransport(plan, { ...plan.transportOptions, nowNs: clock.nowNs });
  const outbox = new Outbox(records, workerId);
  const endpoint = endpoints[plan.endpoint];
  const loop = new ClosedLoop({
    slots,
    requestLimit: plan.requestLimit,
    sessionLimit: plan.sessionLimit,
    counters: new SharedCounters(plan.counters),
    dataset,
    sample: openSampler(plan.sampling, dataset.size, seed),
    targets: plan.targets,
    sending: {
      phase: plan.phase,
      endpoint,
      body: plan.body,
      headers: headerMaker(plan.headers),
      answer: { endpoint, streamEnd: plan.streamEnd, keepUnits: plan.keepRaw },
      countsTokens: plan.countsTokens,
      requestTimeoutMs: plan.requestTimeoutMs,
      transport,
      nowNs: clock.nowNs,
    },
    onRecord: (record) => outbox.add(record),
    onDone: () => {
      outbox.close();
      transport.close();
      say({ kind: 'done' });
      port.close();
    },
  });
  port.on('message', (command: LoadCommand) => {
    if (command.kind === 'start') loop.start();
    else loop.interrupt();
  });
  const say = (event: LoadEvent) => port.postMessage(event);
  say({ kind: 'ready' });
}

async function openTransport(plan: LoadPlan, options: TransportOptions): Promise<Transport> {
  if (plan.transport === 'http') return openHttpTransport(options);
  const { openUndiciTransport } = await import('../transport/undici.js');
  return openUndiciTransport(options);
}

await runLoadThread(workerData);
