import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import { fakeHub } from '../dataset/tokenizer/fake-hub.js';
import { qwen3File } from '../dataset/tokenizer/oracle.js';
import { aiperf, temporaryFolder } from './aiperf.js';

// Read by Node before the program, in each of its threads: notes every name that is looked up and every connection.
const recorder = (file: string) => `
const net = require('node:net'), dns = require('node:dns'), fs = require('node:fs');
const note = (text) => fs.appendFileSync(${JSON.stringify(file)}, text + '\\n');
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  note('connect ' + (typeof first === 'object' ? first.path ?? first.host + ':' + first.port : first));
  return connect.apply(this, args);
};
for (const of of [dns, dns.promises]) {
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) {
    const original = of[name];
    of[name] = (host, ...rest) => (note('look up ' + host), original(host, ...rest));
  }
}
`;

/** Runs a command line; what it contacted, each once. The hub may be used unless `env` says otherwise. */
async function contacted(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  const seen = join(folder, 'seen');
  const script = join(folder, 'recorder.cjs');
  writeFileSync(script, recorder(seen));
  const options = { HF_HUB_OFFLINE: '', NODE_OPTIONS: `--require ${script}`, ...env };
  const ended = await aiperf(argv, { cwd: folder, env: options });
  const lines = existsSync(seen) ? readFileSync(seen, 'utf8').trim().split('\n') : [];
  return { ...ended, contacts: [...new Set(lines)] };
}

/** Exporters of GPU metrics may run beside the client: their two usual ports on this machine are tried. */
const exporters = ['connect localhost:9400', 'connect localhost:9401', 'look up localhost'];

describe('what is contacted', () => {
  let server: MockServer;
  let run: string[];
  let rows: string;
  let theServer: string;
  beforeAll(async () => {
    server = await startMockServer({ port: 0, ttftMs: 1, itlMs: 1, outputTokens: 2 });
    theServer = `connect 127.0.0.1:${server.port}`;
    run = ['profile', '--url', `http://127.0.0.1:${server.port}`, '--request-count', '2', '--osl', '2'];
    rows = join(temporaryFolder(), 'rows.jsonl');
    writeFileSync(rows, '{"text": "one"}\n{"text": "two"}\n');
  });
  afterAll(() => server.close());

  it('without GPU telemetry: the server', async () => {
    const { contacts } = await contacted([...run, '--model', 'Qwen/Qwen3-0.6B', '--no-gpu-telemetry']);
    expect(contacts).toEqual([theServer]);
  });

  it.each([
    ['the shipped tokenizer', () => ['--model', 'org/model', '--tokenizer', 'builtin']],
    ['a placeholder, and undici', () => ['--model', 'mock-model', '--transport', 'undici']],
    [
      'texts whose tokens the server counts',
      () => ['--model', 'org/model', '--use-server-token-count', '--input-file', rows],
    ],
    [
      'a Qwen3 name, and a page',
      () => ['--model', 'Qwen/Qwen3-0.6B', '--report', '--export-level', 'raw', '--streaming'],
    ],
  ])('with %s: the server and this machine', async (_what, words) => {
    const { code, contacts } = await contacted([...run, ...words()]);
    expect({ code, contacts: contacts.sort() }).toEqual({ code: 0, contacts: [theServer, ...exporters] });
  });

  it('with the name of another model: the hub, for the tokenizer alone, and once', async () => {
    const commit = '0123456789abcdef0123456789abcdef01234567';
    const file = (etag: string, body: string) => ({
      headers: { 'X-Repo-Commit': commit, ETag: `"${etag}"` },
      body,
    });
    await using hub = await fakeHub({
      '/org/model/resolve/main/tokenizer.json': file('aa11', readFileSync(qwen3File, 'utf8')),
      [`/org/model/resolve/${commit}/tokenizer_config.json`]: file('bb22', '{}'),
    });
    const env = { HF_ENDPOINT: hub.endpoint, HF_TOKEN: 'hf_0123456789', HF_HOME: temporaryFolder() };
    const words = [...run, '--model', 'org/model', '--input-file', rows, '--no-gpu-telemetry'];
    const first = await contacted(words, env);
    expect({ code: first.code, contacts: first.contacts }, first.stderr).toEqual({
      code: 0,
      contacts: [`connect ${hub.endpoint.slice('http://'.length)}`, theServer],
    });
    expect(hub.seen).toEqual(
      ['main/tokenizer.json', `${commit}/tokenizer_config.json`, `${commit}/chat_template.jinja`].map(
        (path) => ({
          url: `/org/model/resolve/${path}`,
          authorization: 'Bearer hf_0123456789',
        }),
      ),
    );
    const second = await contacted(words, env);
    expect([second.code, second.contacts, hub.seen.length]).toEqual([0, [theServer], 3]);

    const offline = await contacted(words, { ...env, HF_HOME: temporaryFolder(), HF_HUB_OFFLINE: '1' });
    expect([offline.code, offline.contacts, hub.seen.length]).toEqual([1, [], 3]);
    expect(offline.stderr).toContain('HF_HUB_OFFLINE');
  });

  it('by other commands: nobody', async () => {
    const folder = temporaryFolder();
    await aiperf([...run, '--model', 'Qwen/Qwen3-0.6B', '--streaming', '--artifact-dir', folder]);
    const trace = join(folder, 'trace.jsonl');
    writeFileSync(trace, '{"timestamp": 0, "input_length": 10, "output_length": 2, "hash_ids": [1]}\n');
    const file = join(folder, 'run.yaml');
    writeFileSync(file, 'model: org/model\nurl: http://vllm:8000\n');
    for (const argv of [
      ['report', folder, '--html', join(folder, 'page.html')],
      ['plot', folder],
      ['trace', 'stats', trace],
      [
        'kube',
        'manifest',
        '--config',
        file,
        '--image',
        'registry.example.com/aiperf:1',
        '--namespace',
        'bench',
      ],
      ['profile', '--help'],
    ]) {
      const { code, contacts } = await contacted(argv);
      expect([argv[0], code, contacts]).toEqual([argv[0], 0, []]);
    }
  });
});
