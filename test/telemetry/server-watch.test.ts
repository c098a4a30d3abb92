import { expect, it } from 'vitest';
import { PageReader } from '../../src/telemetry/page-reader.js';
import { ServerWatch } from '../../src/telemetry/server-watch.js';

function vllm(running: number, waiting: number, usage: number, tokens: number): Buffer {
  return Buffer.from(
    [
      '# TYPE vllm:num_requests_running gauge',
      `vllm:num_requests_running{engine="0",model_name="m"} ${running}`,
      'vllm:num_requests_running{engine="1",model_name="m"} 1',
      '# TYPE vllm:num_requests_waiting gauge',
      `vllm:num_requests_waiting{engine="0",model_name="m"} ${waiting}`,
      '# TYPE vllm:gpu_cache_usage_perc gauge',
      `vllm:gpu_cache_usage_perc{engine="0",model_name="m"} ${usage}`,
      'vllm:gpu_cache_usage_perc{engine="1",model_name="m"} 0.1',
      '# TYPE vllm:generation_tokens counter',
      `vllm:generation_tokens_total{engine="0",model_name="m"} ${tokens}`,
      '',
    ].join('\n'),
  );
}

it('the latest figures of all engines of a page, and the token rate of the last seconds', () => {
  const watch = new ServerWatch('http://key@host:8000/metrics');
  const pages = new PageReader();
  const take = (seconds: number, page: Buffer) => {
    pages.read(page);
    watch.takePage({ receivedNs: seconds * 1e9 }, pages);
    pages.fresh = [];
  };
  take(0, Buffer.from('# TYPE up gauge\nup 1\n'));
  expect(watch.latest).toBeUndefined();
  take(1, vllm(3, 2, 0.5, 1000));
  expect(watch.latest).toEqual({
    url: 'http://<redacted>@host:8000/metrics',
    ...{ running: 4, waiting: 2, kvCacheShare: 0.3, outputTokensPerSecond: undefined },
  });
  take(2, vllm(3, 0, 0.7, 1100));
  expect(watch.latest).toMatchObject({ waiting: 0, outputTokensPerSecond: 100 });
  take(3, vllm(3, 0, 0.7, 1300));
  take(4, vllm(3, 0, 0.7, 1700));
  // Since the page 2 s ago.
  expect(watch.latest).toMatchObject({ outputTokensPerSecond: 300 });
  // The server has restarted.
  take(5, vllm(0, 0, 0, 10));
  expect(watch.latest).toMatchObject({ running: 1, outputTokensPerSecond: undefined });
});
