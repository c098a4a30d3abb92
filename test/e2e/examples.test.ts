import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { filesBelow, temporaryFolder } from './aiperf.js';

// `npm run examples` runs them all; this one stands for the way they are made.
it('the example of percentiles: the report and a script of one’s own agree on P75', async () => {
  const out = temporaryFolder();
  const env = { PATH: process.env.PATH, HOME: out, HF_HUB_OFFLINE: '1', EXAMPLES_OUT: out };
  const { stdout } = await promisify(execFile)('bash', ['examples/2-percentiles.sh'], { env });
  const row = stdout.split('\n').find((line) => line.includes('Time to First Token (ms)'));
  // Metric, count, avg, p25, p50, p75.
  const p75 = row?.split('│')[6]?.trim();
  // On a busy machine it is more than a second, and the table then has a comma.
  expect(p75).toMatch(/^[\d,]+\.\d\d$/);
  expect(stdout).toContain(`By the script: P75 = ${p75?.replaceAll(',', '')} ms of 200 requests`);
  expect(filesBelow(join(out, '2-percentiles'))).toContain('profile_export.jsonl');
});
