import { expect, it } from 'vitest';
import { knownServers } from '../../src/telemetry/known-servers.js';
import type { ScrapedSource, ServerSeries } from '../../src/telemetry/server-series.js';
import { readSettings, withInfoMetrics } from '../../src/telemetry/server-settings.js';

/** Reads the settings of a server that has these bodies; `asked` gets the paths. */
function settingsOf(id: string, bodies: Readonly<Record<string, unknown>>, asked: string[] = []) {
  const server = knownServers.find((one) => one.id === id);
  if (server === undefined) throw new Error(`no server ${id}`);
  return readSettings(server, async (path) => {
    asked.push(path);
    const body = bodies[path];
    return typeof body === 'object' ? JSON.stringify(body) : (body as string | undefined);
  });
}

it('reads the version and the context length of models from vLLM', async () => {
  const model = { id: 'tiny', root: '/models/tiny', max_model_len: 4096, permission: [{ id: 'x' }] };
  const settings = await settingsOf('vllm', {
    '/version': { version: '0.32.0' },
    '/v1/models': { object: 'list', data: [model] },
  });
  expect(settings).toEqual({
    '/version': { version: '0.32.0' },
    '/v1/models': { tiny: { root: '/models/tiny', max_model_len: 4096 } },
  });
});

it('masks secrets, and leaves out long texts, lists and what is not set', async () => {
  const asked: string[] = [];
  const args = {
    ...{ model_path: '/models/x', tp_size: 2, enable_metrics: true, chat_template: null },
    ...{ api_key: 'sk-1234567890', admin_api_key: 'letmein', eos_token: '</s>' },
    ...{
      internal_states: [{ api_key: 'sk' }],
      dist_init_addr: 'http://user:pass@host:1',
      long: 'x'.repeat(301),
    },
  };
  const settings = await settingsOf('sglang', { '/get_server_info': args }, asked);
  expect(asked).toEqual(['/server_info', '/get_server_info', '/v1/models']);
  expect(settings).toEqual({
    '/get_server_info': {
      ...{ model_path: '/models/x', tp_size: 2, enable_metrics: true },
      ...{ api_key: '<redacted>', admin_api_key: '<redacted>', eos_token: '</s>' },
      dist_init_addr: 'http://user:<redacted>@host:1',
    },
  });
});

it('takes the context length of a slot from llama.cpp', async () => {
  const props = {
    ...{ total_slots: 4, model_path: 'm.gguf', chat_template: 'x'.repeat(5000) },
    default_generation_settings: { n_ctx: 2048, params: { seed: 1 } },
  };
  expect(await settingsOf('llamacpp', { '/props': props })).toEqual({
    '/props': { total_slots: 4, model_path: 'm.gguf', n_ctx: 2048 },
  });
});

it.each([undefined, '<html>', '[1]', '"text"'])(
  'leaves out a body that is no object of settings: %s',
  async (body) => {
    expect(await settingsOf('tgi', { '/info': body })).toEqual({});
  },
);

it('adds the labels of info metrics that are set', () => {
  const source = { url: 'http://a/metrics' } as ScrapedSource;
  const series: ServerSeries = {
    source,
    family: { name: 'vllm:cache_config_info', kind: 'gauge', help: '', isInfo: true },
    labels: {
      engine: '0',
      block_size: '128',
      enable_prefix_caching: 'True',
      sliding_window: 'None',
      _block_size_resolved: 'True',
    },
    bounds: [],
    scrapes: Uint32Array.of(0),
    values: Float64Array.of(1),
  };
  const other = { ...series, family: { ...series.family, name: 'python_info' } };
  const read = [{ server: 'vLLM', url: 'http://a/metrics', settings: { '/version': { version: '1' } } }];
  expect(withInfoMetrics(read, { heads: () => [series, other] })).toEqual([
    {
      ...{ server: 'vLLM', url: 'http://a/metrics' },
      settings: {
        '/version': { version: '1' },
        'vllm:cache_config_info': { block_size: '128', enable_prefix_caching: 'True' },
      },
    },
  ]);
});
