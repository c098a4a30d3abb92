import { join } from 'node:path';
import { CLIENT_CORE } from './measure/machine.js';
import { quick } from './measure/options.js';
import { runOurs } from './measure/ours.js';
import { run } from './measure/process.js';
import { spreadOf } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startMockServer, withFolder } from './measure/servers.js';
import { readTokenLog } from './measure/stamps.js';

// From the command to the first request that the server sees, beside a Node that does nothing.

const report = openReport('start');
const runs = quick ? 2 : 10;
const prompts = ['--num-dataset-entries', '100', '--isl', '1000', '--osl', '1', '--request-count', '1'];

await withFolder(async (folder) => {
  const log = join(folder, 'tokens.jsonl');
  const server = await startMockServer(['--ttft', '0', '--itl', '0', '--token-log', log]);
  const started: number[] = [];
  const ours: { whole: number; cpu: number; peakMb: number }[] = [];
  const bare: { whole: number; cpu: number; peakMb: number }[] = [];
  for (let round = 0; round < runs; round++) {
    const node = await run([process.execPath, '-e', '0'], { core: CLIENT_CORE });
    bare.push({ whole: node.wallSeconds, cpu: node.cpuSeconds, peakMb: node.population.peakMb });
    const own = await runOurs(server.url, join(folder, String(round)), prompts);
    started.push(own.startedNs);
    ours.push({ whole: own.wallSeconds, cpu: own.cpuSeconds, peakMb: own.population.peakMb });
  }
  await server.stop();
  const received = [...readTokenLog(log).values()].map((sent) => sent.receivedNs).sort((a, b) => a - b);
  const first = received.map((atNs, place) => (atNs - (started[place] ?? 0)) / 1e6);
  const row = (what: string, values: readonly number[]) => {
    const { min, p50, max } = spreadOf(values);
    report.add(`${runs} starts with 100 prompts of 1,000 tokens`, { what, min, p50, max });
  };
  row('command to first request seen by the server, ms', first);
  row(
    'whole command for one request, ms',
    ours.map(({ whole }) => whole * 1000),
  );
  row(
    'its CPU, ms',
    ours.map(({ cpu }) => cpu * 1000),
  );
  row(
    'its peak memory, MB',
    ours.map(({ peakMb }) => peakMb),
  );
  row(
    'node -e 0, ms',
    bare.map(({ whole }) => whole * 1000),
  );
  row(
    'its CPU, ms',
    bare.map(({ cpu }) => cpu * 1000),
  );
});
report.finish();
