import { readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aiperf, type Ended, filesBelow, temporaryFolder } from './aiperf.js';
import { chatEvent, type ScriptedServer, type SeenRequest, startScriptedServer } from './scripted-server.js';

// One secret for each way in which a user can give one; the server sends all that it is sent back.
const planted = {
  apiKey: 'sk-Key/7f3a+91"qz',
  header: 'plain-value-of-a-team-header',
  cookie: 'cookie-5a5a5a5a',
  jsonHeader: 'json-header-77e1',
  query: 'query-c0ffee-11',
  field: 'field-0b50lete',
  nested: 'nested-deadbeef',
  row: 'row-of-the-dataset-42',
  hubToken: 'hf_hubhubhubhub',
  openAiKey: 'sk-openai-123123123',
  proxyPassword: 'proxy-p4ssword',
  otherVariable: 'environment-9999-8888',
} as const;

/** Every spelling in which one of them could be read. */
function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.from('\0'.repeat(before) + secret).toString('base64');
    return text.slice(before + 2, -4);
  });
  return [
    ...[secret, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(secret)],
    ...[secret.replaceAll('"', '&quot;'), Buffer.from(secret).toString('hex'), ...base64],
  ];
}

/** The places where one of the secrets can be read. */
function leaksIn(where: string, text: string): string[] {
  return Object.entries(planted).flatMap(([name, secret]) =>
    spellings(secret)
      .filter((spelled) => text.includes(spelled))
      .map((spelled) => `${where} shows ${name} as ${spelled}`),
  );
}

function leaks(folder: string, runs: readonly Ended[]): string[] {
  return [
    ...filesBelow(folder).flatMap((file) => leaksIn(file, readFileSync(join(folder, file), 'utf8'))),
    ...runs.flatMap(({ stdout, stderr }) => [...leaksIn('stdout', stdout), ...leaksIn('stderr', stderr)]),
  ];
}

/** Everything that a server knows of a request, and what else was planted. */
function known({ headers, path, body }: SeenRequest): string {
  const { hubToken, openAiKey, proxyPassword, otherVariable } = planted;
  return JSON.stringify({ headers, path, body, hubToken, openAiKey, proxyPassword, otherVariable });
}

function echo(request: SeenRequest, response: ServerResponse, number: number): void {
  const text = known(request);
  const inHeader = encodeURIComponent(text);
  const base64 = Buffer.from(text).toString('base64');
  const { authorization = '', cookie = '' } = request.headers;
  const plain = `${authorization} ${cookie}`;
  response.setHeader('X-Echo', inHeader);
  response.setHeader('Server', plain);
  response.setHeader('X-Request-ID', base64);
  const kind = number % 9;
  if (kind === 0) {
    response.writeHead(401, `Denied ${plain}`, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: `Incorrect key: ${text}`, code: plain } }));
  } else if (kind === 1) {
    response.writeHead(302, { location: `http://you:${planted.query}@else.where/login?echo=${inHeader}` });
    response.end();
  } else if (kind === 2) {
    response.writeHead(500, { 'content-type': 'text/html' });
    response.end(
      `<pre>${text.replaceAll('"', '&quot;')}</pre> ${base64} ${Buffer.from(text).toString('hex')}`,
    );
  } else if (kind === 3) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chatEvent({ content: text }));
    response.end(`data: ${JSON.stringify({ error: { message: text, type: plain } })}\n\n`);
  } else if (kind === 4) {
    response.writeHead(200, { 'content-type': `text/plain; x="${authorization.slice(7, 20)}"` });
    response.end(`${'x'.repeat(190)}${plain} ${text}`);
  } else if (kind === 5) {
    response.socket?.end(`HTTP/1.1 ${plain}\r\n${plain}\r\n\r\n${text}`);
  } else if (kind === 6) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`: ${text}\n\nevent: ${plain}\ndata: ${text} is no JSON\n\n`);
  } else {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`: ${text}\n\n`);
    for (const content of ['one', ` two ${text}`, ' three']) response.write(chatEvent({ content }));
    response.write(chatEvent({ content: ' end' }, 'stop'));
    response.end('data: [DONE]\n\n');
  }
}

const env = {
  HF_TOKEN: planted.hubToken,
  OPENAI_API_KEY: planted.openAiKey,
  HTTPS_PROXY: `http://me:${planted.proxyPassword}@127.0.0.1:1`,
  DEPLOY_TOKEN: planted.otherVariable,
};

describe('no secret of a run can be read anywhere', () => {
  let server: ScriptedServer;
  let rows: string;
  beforeAll(async () => {
    server = await startScriptedServer(echo);
    rows = join(temporaryFolder(), 'rows.jsonl');
    const row = (text: string) =>
      JSON.stringify({ text, extra: { metadata: { access_token: planted.row } } });
    writeFileSync(rows, `${row('one')}\n${row('two')}\n`);
  });
  afterAll(() => server.close());

  const words = () => [
    ...['profile', '--model', 'm', '--tokenizer', 'builtin', '--streaming', '--input-file', rows],
    ...[
      '--custom-dataset-type',
      'single_turn',
      '--url',
      `${server.url}/v1?api-version=1&key=${planted.query}`,
    ],
    ...[
      '--api-key',
      planted.apiKey,
      '--header',
      `X-Team: ${planted.header}`,
      `Cookie: a=1; sid=${planted.cookie}`,
    ],
    ...['--header', JSON.stringify({ 'X-Json': planted.jsonHeader })],
    ...[
      '--extra-inputs',
      `secret_key:${planted.field}`,
      JSON.stringify({ auth: { deep: [planted.nested] } }),
    ],
  ];
  const everything = ['--export-level', 'raw', '--export-http-trace', '--show-trace-timing', '--report'];

  it.each([
    ['a run that tells all', ['--concurrency', '3', '--extra-verbose', ...everything]],
    ['a run over undici', ['--concurrency', '3', '--transport', 'undici', '--verbose', ...everything]],
    ['a sweep', ['--concurrency', '1,2', ...everything]],
  ])('%s', async (_what, options) => {
    const folder = temporaryFolder();
    const run = await aiperf([...words(), '--request-count', '18', ...options, '--artifact-dir', folder], {
      env,
    });
    const sent = server.seen
      .map(({ headers, path, body }) => JSON.stringify({ headers, path, body }))
      .join('');
    for (const name of ['header', 'cookie', 'jsonHeader', 'query', 'field', 'nested', 'row'] as const)
      expect(sent).toContain(planted[name]);
    expect(sent).toContain(JSON.stringify(planted.apiKey).slice(1, -1));
    const later = [
      await aiperf(['report', folder, '--html', join(folder, 'again.html'), '--rewrite'], { env }),
      await aiperf(['plot', folder], { env }),
    ];
    expect(leaks(folder, [run, ...later])).toEqual([]);
    const files = filesBelow(folder);
    expect(files.filter((file) => file.endsWith('profile_export_raw.jsonl'))).not.toEqual([]);
    expect(files).toEqual(expect.arrayContaining([expect.stringMatching(/report\.html$/)]));
    const records = files.find((file) => file.endsWith('profile_export.jsonl')) ?? '';
    expect(readFileSync(join(folder, records), 'utf8')).toContain('Incorrect key: ');
  });

  it.each([
    ['a refused URL', ['--url', `http://me:${planted.query}@127.0.0.1:1`]],
    ['a refused URL without a scheme', ['--url', `me:${planted.query}@127.0.0.1:1`]],
    ['a wrong URL', ['--url', `http://me:${planted.query}@host:99999/`]],
    ['JSON that is cut off', ['--extra-inputs', `{"api_key": "${planted.field}"`]],
    ['a header that is none', ['--header', `{"X-Team": "${planted.header}`]],
    ['a header without a name', ['--header', `Authorization: ${planted.header}`, `: ${planted.header}`]],
    ['a key given twice', ['--api-key', planted.header, '--api-key', planted.field]],
    ['a misspelt option', ['--apikey', planted.field, planted.field]],
    ['a key behind a flag', ['--api-key', planted.field, 'stray', '--streaming', planted.field]],
  ])('%s', async (_what, options) => {
    const run = await aiperf(['profile', '--model', 'm', '--tokenizer', 'builtin', ...options], { env });
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/─ Error ─/);
    expect(leaks(temporaryFolder(), [run])).toEqual([]);
  });

  it.each([
    [
      'mappings',
      `header: {X-Team: ${planted.header}}\nextra-inputs:\n  auth:\n    deep: [${planted.nested}]\n`,
    ],
    [
      'lists of pairs',
      `header: ["X-Team: ${planted.header}", "Cookie: sid=${planted.cookie}; theme=dark"]\n` +
        `extra-inputs: ["auth_token:${planted.field}", 'auth:{"deep":["${planted.nested}"]}']\n`,
    ],
  ])('a configuration file of %s, refused and taken', async (_, secrets) => {
    const folder = temporaryFolder();
    const file = join(folder, 'run.yaml');
    const yaml = (url: string) =>
      `model: m\ntokenizer: builtin\nurl: ${url}\napi-key: ${planted.openAiKey}\n${secrets}`;
    writeFileSync(file, yaml(`me:${planted.query}@127.0.0.1:1`));
    const refused = await aiperf(['profile', '--config', file], { env });
    writeFileSync(file, yaml(server.url));
    const out = join(folder, 'out');
    const taken = await aiperf(['profile', '--config', file, '--artifact-dir', out, '-vv'], { env });
    writeFileSync(file, yaml('http://vllm:8000'));
    const pod = ['--image', 'registry.example.com/aiperf:1', '--namespace', 'bench'];
    const manifest = await aiperf(['kube', 'manifest', '--config', file, ...pod], { env });
    expect([refused.code, taken.code, manifest.code]).toEqual([1, 0, 0]);
    expect(leaks(out, [refused, taken, manifest])).toEqual([]);
  });

  it('a server that nobody can reach', async () => {
    const gone = await startScriptedServer(() => {});
    gone.close();
    const folder = temporaryFolder();
    const url = `${gone.url}/?token=${planted.query}`;
    const run = await aiperf([...words(), '--url', url, '--artifact-dir', folder, '--request-count', '2'], {
      env,
    });
    expect(run.code).toBe(1);
    expect(leaks(folder, [run])).toEqual([]);
  });
});
