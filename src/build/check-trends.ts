import { timeToFirstToken } from '../metrics/request-metrics.js';
import { randomStream } from '../util/random.js';
import { simulatedTrends } from './simulated-run.js';

// Checks what docs/trends.md promises: at most 5 of 100 steady runs are called anything else, and a cold start of twice
// the TTFT is found in at least 95 of 100.

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
const passed = falseAlarms <= 5 && found >= 95;
process.stdout.write(
  `${RUNS} steady runs: ${falseAlarms} false alarms (at most 5 are allowed)\n` +
    `${RUNS} cold starts: ${found} found (at least 95 are needed), ${exact} of them with the very slice in which they end\n` +
    `${passed ? 'passed' : 'FAILED'}\n`,
);
process.exitCode = passed ? 0 : 1;
