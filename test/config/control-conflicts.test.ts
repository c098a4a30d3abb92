import { expect, it } from 'vitest';
import { profile, refusals } from './profile-options.js';

it.each([
  [
    '--network-latency-automatic --network-latency-mean 3',
    '--network-latency-automatic cannot be combined with --network-latency-mean: one measures the round-trip time, the other sets it.',
  ],
  [
    '--network-latency-ping-interval 2',
    '--network-latency-ping-interval needs --network-latency-automatic, which connects at that interval.',
  ],
  [
    '--auth-type sigv4 --api-key k',
    '--api-key cannot be combined with --auth-type sigv4: both set the header Authorization.',
  ],
  [
    '--wait-for-model-mode both',
    '--wait-for-model-mode needs --wait-for-model-timeout above 0: nothing is waited for without it.',
  ],
  [
    '--wait-for-model-interval 2 --wait-for-model-timeout 0',
    '--wait-for-model-interval needs --wait-for-model-timeout above 0: nothing is waited for without it.',
  ],
  ['--wait-for-model-timeout -1', '--wait-for-model-timeout must be a number of at least 0, got -1.'],
])('%s is refused', async (line, message) => {
  expect(await refusals(`--model m ${line}`)).toEqual([message]);
});

it.each([
  ['--aws-region eu-west-1', '--aws-region has no effect without --auth-type sigv4.'],
  ['--reset-kv-cache-path /flush', '--reset-kv-cache-path has no effect without --reset-kv-cache.'],
  [
    '--server-profiler-stop-path /a --server-profiler-timeout-seconds 3',
    '--server-profiler-stop-path and --server-profiler-timeout-seconds have no effect without --server-profiler.',
  ],
])('%s has no effect', async (line, message) => {
  expect((await profile(`--model m ${line}`)).warnings).toEqual([message]);
});

it('the default of an option that needs a wait is harmless', async () => {
  const { warnings } = await profile('--model m --wait-for-model-mode inference --wait-for-model-interval 5');
  expect(warnings).toEqual([]);
});
