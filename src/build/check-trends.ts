import { queueEffect } from '../metrics/queue-effect.js';
import { timeToFirstToken } from '../metrics/request-metrics.js';
import { randomStream } from '../util/random.js';
import { simulatedQueue, simulatedRequests, simulatedTrends } from './simulated-run.js';

// Checks what docs/trends.md and docs/telemetry.md promise: at most 5 of 100 steady runs are called anything else, a cold
// start of twice the TTFT is found in at least 95 of 100, a queue that has nothing to do with the TTFT is taken for its
// cause in at most 5 of 100 runs, and one of which each request adds a tenth to the TTFT is found in at least 90 of 100.

const RUNS = 100;
const seed = Number(process.argv[2] ?? 1);
const shapes = randomStream(seed, 'check-trends');
let falseAlarms = 0;
let found = 0;
let exact = 0;
for (let run = 0; run < RUNS; run++) {
  const seconds = 12 + shapes.integer(29);
  const coldSeconds = 1 + shapes.integer(3);
  const steady = simulatedTrends(seed * 1000 + run, { seconds, coldSeconds: 0 });
  if (steady?.metrics.some(({ findings }) => findings === undefined || findings.length > 0)) falseAlarms++;
  const cold = simulatedTrends(seed * 1000 + 500 + run, { seconds, coldSeconds });
  const ttft = cold?.metrics.find(({ tag }) => tag === timeToFirstToken.tag);
  const warmUp = ttft?.findings?.find((finding) => finding.kind === 'warm-up');
  if (warmUp !== undefined) found++;
  if (warmUp?.slices.last === coldSeconds - 1) exact++;
}
let falseEffects = 0;
let effects = 0;
for (let run = 0; run < RUNS; run++) {
  const seconds = 20 + shapes.integer(100);
  // From samples that hardly resemble each other to waves of a minute; every other queue or TTFT also drifts.
  const likeness = 1 - 0.5 * 0.01 ** shapes.uniform();
  const queue = simulatedQueue(seed * 1000 + run, seconds, likeness, run % 4 === 1 ? 5 : 0);
  const drift = run % 4 === 3 ? 0.3 : 0;
  const unrelated = simulatedRequests(seed * 1000 + run, { seconds, coldSeconds: 0, drift });
  if (queueEffect(unrelated, [queue]) !== undefined) falseEffects++;
  const waitMs = (at: number) => 30 * (queue.values[Math.floor(at * 3)] ?? 0);
  const waiting = simulatedRequests(seed * 1000 + run, { seconds, coldSeconds: 0, waitMs });
  if (queueEffect(waiting, [queue]) !== undefined) effects++;
}
const passed = falseAlarms <= 5 && found >= 95 && falseEffects <= 5 && effects >= 90;
process.stdout.write(
  `${RUNS} steady runs: ${falseAlarms} false alarms (at most 5 are allowed)\n` +
    `${RUNS} cold starts: ${found} found (at least 95 are needed), ${exact} of them with the very slice in which they end\n` +
    `${RUNS} queues without an effect: ${falseEffects} effects reported (at most 5 are allowed)\n` +
    `${RUNS} queues with an effect: ${effects} found (at least 90 are needed)\n` +
    `${passed ? 'passed' : 'FAILED'}\n`,
);
process.exitCode = passed ? 0 : 1;
