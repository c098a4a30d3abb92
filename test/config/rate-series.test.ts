import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { artifactDirectory } from '../../src/config/artifact-directory.js';
import { readRateSeries } from '../../src/config/rate-series.js';
import { profile, refusals } from './profile-options.js';

const file = join(mkdtempSync(join(tmpdir(), 'aiperf-series-')), 'r.json');

it.each([
  '{"points":[{"time_s":0,"qps":5},{"time_s":60,"qps":50.5}]}',
  '[{"timeS":0,"qps":5},{"time_s":60,"qps":50.5}]',
])('%s', (text) => {
  writeFileSync(file, text);
  expect(readRateSeries(file)).toEqual([
    { timeSeconds: 0, perSecond: 5 },
    { timeSeconds: 60, perSecond: 50.5 },
  ]);
});

const point = '{"time_s":0,"qps":5}';

it.each([
  [
    '{"points":',
    'cannot be read as a list of {"time_s":0,"qps":5}, or {"points":[…]}: Unexpected end of JSON input.',
  ],
  ['{"rates":[]}', 'must hold a list of {"time_s":0,"qps":5}, or {"points":[…]}.'],
  [`[${point}]`, 'must hold at least 2 points, got 1.'],
  [`[${point},3]`, 'point 2 must be an object of time_s and qps.'],
  [`[${point},{"time_s":1,"qps":5,"burst":2}]`, 'point 2 holds burst: only time_s and qps are known.'],
  [`[${point},{"time_s":-1,"qps":5}]`, 'point 2: time_s must be a number of at least 0, got -1.'],
  [`[${point},{"qps":5}]`, 'point 2: time_s must be a number of at least 0, got nothing.'],
  [`[${point},{"time_s":1,"qps":0}]`, 'point 2: qps must be a number above 0, got 0.'],
  [`[${point},{"time_s":1,"qps":"5"}]`, "point 2: qps must be a number above 0, got '5'."],
  [`[${point},${point}]`, 'point 2 must be later than 0 s, got 0 s.'],
])('refuses %s', async (text, fault) => {
  writeFileSync(file, text);
  const [message = ''] = await refusals(`--model m --request-rate-series ${file}`);
  expect(message.replace(/^--request-rate-series: .*?r\.json:? /, '')).toBe(fault);
});

it('sets the rate alone, with every pattern', async () => {
  writeFileSync(file, `[${point},{"time_s":1,"qps":7}]`);
  const series = `--model m --request-rate-series ${file}`;
  const { config } = await profile(`${series} --arrival-pattern constant --request-rate-ramp-duration 3`);
  expect(artifactDirectory(config)).toBe('artifacts/m-openai-chat-request_rate5.0');
  expect(await refusals(`${series} --request-rate 3`)).toEqual([
    '--request-rate cannot be combined with --request-rate-series: the file sets the rate.',
  ]);
  expect(await refusals(`${series} --arrival-pattern concurrency_burst`)).toEqual([
    '--arrival-pattern concurrency_burst cannot be combined with --request-rate-series: it sends as soon as --concurrency allows; use constant, poisson or gamma.',
  ]);
  expect(await refusals(`${series} --user-centric-rate 3 --num-users 2 --session-turns-mean 2`)).toEqual([
    '--request-rate-series cannot be combined with --user-centric-rate: each user sends at even gaps.',
  ]);
});
