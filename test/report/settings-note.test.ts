import { expect, test } from 'vitest';
import { settingsNote } from '../../src/report/settings-note.js';
import type { RunFacts } from '../../src/run/facts.js';
import type { JsonObject } from '../../src/util/json.js';

const facts = (settings: JsonObject, ...replicas: JsonObject[]): RunFacts => ({
  serverSettings: [settings, ...replicas].map((one, i) => ({
    ...{ server: 'vLLM', url: `http://h:800${i}/metrics`, settings: one },
  })),
});
const version = (text: string) => ({ '/version': { version: text } });

test('differing settings are named with their values, the version among them', () => {
  const cache = (settings: JsonObject) => ({ 'vllm:cache_config_info': { block_size: '16', ...settings } });
  expect(
    settingsNote([
      facts({ ...version('0.10.2'), ...cache({ cache_dtype: 'auto' }) }),
      {},
      facts({ ...version('0.11.0'), ...cache({ cache_dtype: 'auto', swap_space: '4' }) }),
    ]),
  ).toBe(
    'The servers of these runs were not set up alike: they differ in version (0.10.2, 0.11.0) and swap_space (not set, 4).',
  );
});

test('the first five are named, long values are not written out', () => {
  const settings = (value: number | string) =>
    facts({ '/server_info': Object.fromEntries([...'abcdefg'].map((name) => [name, value])) });
  expect(settingsNote([settings(1), settings(2), settings(2)])).toBe(
    'The servers of these runs were not set up alike: they differ in a (1, 2), b (1, 2), c (1, 2), d (1, 2), e (1, 2) and 2 other settings.',
  );
  const long = (end: string) => facts({ '/props': { model_path: `/models/${'x'.repeat(30)}${end}` } });
  expect(settingsNote([long('1'), long('2')])).toBe(
    'The servers of these runs were not set up alike: they differ in model_path.',
  );
});

test('replicas have all their values; other makes are named as such', () => {
  expect(settingsNote([facts(version('1'), version('1')), facts(version('1'), version('2'))])).toBe(
    'The servers of these runs were not set up alike: they differ in version (1, 1 and 2).',
  );
  const sglang = { serverSettings: [{ server: 'SGLang', url: 'http://h/metrics', settings: version('1') }] };
  expect(settingsNote([facts(version('0.11.0')), sglang])).toBe(
    'These runs measured different servers: vLLM and SGLang.',
  );
});

test('nothing is said of equal settings, other models, and what was not read', () => {
  const model = (name: string, length: number) => ({ '/v1/models': { [name]: { max_model_len: length } } });
  const info = (port: number) => ({ '/server_info': { port, random_seed: port } });
  expect(settingsNote([facts(version('1')), facts(version('1'))])).toBeUndefined();
  expect(settingsNote([facts(model('a', 1)), facts(model('b', 2))])).toBeUndefined();
  expect(settingsNote([facts(version('1')), facts(info(1))])).toBeUndefined();
  expect(settingsNote([facts(info(1)), facts(info(2))])).toBeUndefined();
  expect(settingsNote([facts(version('1')), {}])).toBeUndefined();
  expect(settingsNote([facts(model('a', 1)), facts(model('a', 2))])).toBe(
    'The servers of these runs were not set up alike: they differ in max_model_len (1, 2).',
  );
});
