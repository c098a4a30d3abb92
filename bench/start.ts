import { join } from 'node:path';
import { CLIENT_CORE } from './measure/machine.js';
import { quick } from './measure/options.js';
import { builds, runOurs } from './measure/ours.js';
import { type Finished, run } from './measure/process.js';
import { spreadOf } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startMockServer, withFolder } from './measure/servers.js';
import { readTokenLog } from './measure/stamps.js';

// From the command to the first request that the server sees, beside a Node that does nothing.

const report = openReport('start');
const runs = quick ? 2 : 10;
const prompts = ['--num-dataset-entries', '100', '--isl', '1000', '--osl', '1', '--request-count', '1'];

interface Start {
  readonly firstRequestMs: number;
  readonly wholeMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

await withFolder(async (folder) => {
  const log = join(folder, 'tokens.jsonl');
  const starts: { readonly who: string; readonly run: Finished }[] = [];
  const server = await startMockServer(['--ttft', '0', '--itl', '0', '--token-log', log]);
  for (let round = 0; round < runs; round++) {
    starts.push({
      who: 'node -e 0',
      run: await run([process.execPath, '-e', '0'], { core: CLIENT_CORE }),
    });
    for (const build of builds) {
      const own = join(folder, `${build.name}-${round}`);
      starts.push({ who: build.name, run: await runOurs(server.url, own, prompts, { build }) });
    }
  }
  await server.stop();
  const received = [...readTokenLog(log).values()].map((sent) => sent.receivedNs);
  for (const who of new Set(starts.map((start) => start.who))) {
    const own = starts.filter((start) => start.who === who).map(({ run }) => startOf(run, received));
    const row = (what: string, pick: (start: Start) => number) => {
      const { min, p50, max } = spreadOf(own.map(pick));
      report.add(`${runs} starts with 100 prompts of 1,000 tokens`, { who, what, min, p50, max });
    };
    if (who !== 'node -e 0')
      row('command to first request seen by the server, ms', (start) => start.firstRequestMs);
    row('whole command for one request, ms', (start) => start.wholeMs);
    row('its CPU, ms', (start) => start.cpuMs);
    row('its peak memory, MB', (start) => start.peakMb);
  }
});
report.finish();

/** @param receivedNs of all requests of the bench. */
function startOf(run: Finished, receivedNs: readonly number[]): Start {
  const first = Math.min(...receivedNs.filter((atNs) => atNs > run.startedNs));
  return {
    firstRequestMs: (first - run.startedNs) / 1e6,
    wholeMs: run.wallSeconds * 1000,
    cpuMs: run.cpuSeconds * 1000,
    peakMb: run.population.peakMb,
  };
}
