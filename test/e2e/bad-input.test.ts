import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointTypes } from '../../src/config/options.js';
import { orList } from '../../src/util/lists.js';
import {
  aiperf,
  filesBelow,
  type Options,
  panelText,
  profileWords,
  readJson,
  readRecords,
  temporaryFolder,
} from './aiperf.js';
import { chatEvent, type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

describe('what is wrong before anything is sent', () => {
  let server: ScriptedServer;
  let folder: string;
  beforeAll(async () => {
    server = await startScriptedServer((_, response) => streamTokens(response, ['a']));
    folder = temporaryFolder();
    writeFileSync(join(folder, 'a-file'), '');
    writeFileSync(join(folder, 'rows.jsonl'), '{"text":"one"}\n\n{"text":"two"}\n{"text":');
    writeFileSync(join(folder, 'field.jsonl'), '{"text":"one"}\n{"text":17}\n');
    writeFileSync(join(folder, 'unknown.yaml'), 'model: m\nendpoint-type: chat\nconcurency: 4\n');
    writeFileSync(join(folder, 'type.yaml'), 'model: m\nconcurrency:\n  - 4\n  - many\n');
  });
  afterAll(() => server.close());

  const valid = { model: 'm', tokenizer: 'builtin', isl: 10, osl: 2 };
  const cases: readonly (readonly [what: string, words: Options | string[], message: string])[] = [
    [
      'no model',
      ['profile', '--isl', '10'],
      '--model is required: name the model to ask for, e.g. --model Qwen/Qwen3-0.6B.',
    ],
    [
      'an unknown option',
      { ...valid, 'requst-count': 3 },
      'Unknown option: --requst-count. Did you mean --request-count?',
    ],
    ['an unknown command', ['profil'], 'Unknown command: profil. Did you mean profile?'],
    [
      'values of a wrong type, told together',
      { ...valid, isl: -3, concurrency: 'abc', 'endpoint-type': 'chats' },
      `--endpoint-type must be ${orList(endpointTypes)}, got 'chats'. Did you mean chat? --isl must be an integer from 0 to 10000000, got -3. --concurrency must be an integer from 1 to 1000000, got 'abc'.`,
    ],
    [
      'an option without its value',
      ['profile', '--model', 'm', '--isl'],
      '--isl needs a value: an integer from 0 to 10000000.',
    ],
    [
      'an option given twice',
      ['profile', '--model', 'm', '--isl', '3', '--isl', '4'],
      '--isl was given 2 times (3, 4); it takes one value.',
    ],
    [
      'options that contradict each other, told together',
      ['profile', '--model', 'm', '--osl-stddev', '3', '--http2', '--custom-dataset-type', 'single_turn'],
      '--custom-dataset-type needs --input-file: it sets how that file is read. --http2 needs --transport undici: the http transport does not support it. --osl-stddev needs --osl, its mean.',
    ],
    [
      'a missing input file',
      { ...valid, 'input-file': 'no-such.jsonl' },
      "--input-file must be the path of an existing file or directory, got 'no-such.jsonl'.",
    ],
    [
      'a row that is no JSON',
      [
        'profile',
        '--model',
        'm',
        '--tokenizer',
        'builtin',
        '--input-file',
        'rows.jsonl',
        '--custom-dataset-type',
        'single_turn',
      ],
      'rows.jsonl:4: the line is not JSON (Unexpected end of JSON input)',
    ],
    [
      'a row with a field of the wrong type',
      [
        'profile',
        '--model',
        'm',
        '--tokenizer',
        'builtin',
        '--input-file',
        'field.jsonl',
        '--custom-dataset-type',
        'single_turn',
      ],
      'field.jsonl:2: text must be a string, got 17',
    ],
    [
      'a template that renders no JSON, where no file needs all bodies',
      {
        ...valid,
        'endpoint-type': 'template',
        endpoint: '/x',
        'export-inputs': 'never',
        'extra-inputs': '{"payload_template":"{{ model }}"}',
      },
      'payload_template did not render a JSON object: m write {{ text|tojson }}, without quotes around it: it quotes and escapes the text',
    ],
    [
      'a tokenizer that is in no cache, offline',
      { ...valid, tokenizer: 'nobody/nothing' },
      'Tokenizer nobody/nothing: not in the cache HOME/.cache/huggingface/hub at revision main, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set Unset it, give a local folder, or use --tokenizer builtin.',
    ],
    [
      'a model without a tokenizer of its name',
      ['profile', '--model', 'nobody/nothing'],
      'Tokenizer nobody/nothing: not in the cache HOME/.cache/huggingface/hub at revision main, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set Unset it, give a local folder, or use --tokenizer builtin.',
    ],
    [
      'a folder that cannot be made',
      { ...valid, 'artifact-dir': 'a-file/run' },
      'The folder FOLDER/a-file/run cannot be made (ENOTDIR: not a directory). Name one that can be written with --artifact-dir.',
    ],
    [
      'a key that a file of options does not know',
      ['profile', '--config', 'unknown.yaml'],
      "unknown.yaml:3:1: unknown key 'concurency'. Did you mean concurrency?",
    ],
    [
      'a value of a wrong type in such a file',
      ['profile', '--config', 'type.yaml'],
      "type.yaml:3:3: concurrency must be an integer from 1 to 1000000, got 'many'.",
    ],
  ];

  it.each(cases)('%s', async (_, options, message) => {
    const words = Array.isArray(options) ? options : profileWords(options);
    const isProfile = words[0] === 'profile';
    const ended = await aiperf([...words, ...(isProfile ? ['--url', server.url] : [])], { cwd: folder });
    expect(ended.code).toBe(1);
    expect(ended.stdout).toBe('');
    expect(
      panelText(ended.stderr)
        .replaceAll(folder, 'FOLDER')
        .replace(/\/\S*(?=\/\.cache)/, 'HOME'),
    ).toBe(message);
    expect(server.seen).toEqual([]);
    // No summary, no records: at most the log of a run that did not begin.
    expect(
      filesBelow(folder).filter((name) => name.startsWith('artifacts/') && !name.endsWith('.log')),
    ).toEqual([]);
  });

  it('a tokenizer that the hub does not have', async () => {
    const hub = await startScriptedServer((_, response) => response.writeHead(404).end('Not Found'));
    try {
      const words = profileWords({ ...valid, tokenizer: 'nobody/nothing', url: server.url });
      const ended = await aiperf(words, { cwd: folder, env: { HF_HUB_OFFLINE: '0', HF_ENDPOINT: hub.url } });
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(panelText(ended.stderr).replaceAll(hub.url, 'HUB')).toBe(
        'Tokenizer nobody/nothing: not found (404). Tried: a local folder, the cache, HUB, its search. No model there has a similar name. Give its full name with --tokenizer (and HF_TOKEN if it is private), or use --tokenizer builtin.',
      );
      expect(hub.seen.length).toBeGreaterThan(0);
      expect(server.seen).toEqual([]);
    } finally {
      hub.close();
    }
  });
});

const streamHead = { 'content-type': 'text/event-stream' };

/** What a server can do instead of answering, and the failure that its request becomes. */
const badAnswers: readonly {
  readonly what: string;
  readonly answer: (response: ServerResponse) => void;
  readonly error: { readonly code?: number; readonly type: string; readonly message: string };
  readonly acknowledged: boolean;
}[] = [
  {
    what: 'refuses with 4xx',
    answer: (response) =>
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"detail":"Not Found"}'),
    error: { code: 404, type: 'Not Found', message: '{"detail":"Not Found"}' },
    acknowledged: false,
  },
  {
    what: 'fails with 5xx',
    answer: (response) => response.writeHead(500).end('boom'),
    error: { code: 500, type: 'Internal Server Error', message: 'boom' },
    acknowledged: false,
  },
  {
    what: 'points elsewhere',
    answer: (response) => response.writeHead(307, { location: 'http://127.0.0.1:9/x' }).end(),
    error: {
      code: 307,
      type: 'Temporary Redirect',
      message: 'Redirect to http://127.0.0.1:9/x was not followed',
    },
    acknowledged: false,
  },
  {
    what: 'sends a web page',
    answer: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>'),
    error: {
      type: 'InvalidInferenceResultError',
      message:
        "InvalidInferenceResultError('Invalid inference result: The response (text/html) is neither JSON nor an event stream; received: <html>hello</html>')",
    },
    acknowledged: true,
  },
  {
    what: 'breaks off within a stream',
    answer: (response) => {
      response.writeHead(200, streamHead).write(chatEvent({ content: 'a' }));
      setTimeout(() => response.destroy(), 10);
    },
    error: {
      type: 'ClientPayloadError',
      message: 'The response of SERVER is not complete: the server closed the connection within the body',
    },
    acknowledged: true,
  },
  {
    what: 'reports an error within a stream',
    answer: (response) =>
      response
        .writeHead(200, streamHead)
        .end(
          `${chatEvent({ content: 'a' })}data: {"error":{"code":503,"message":"full"}}\n\ndata: [DONE]\n\n`,
        ),
    error: { code: 503, type: 'SSEResponseError', message: 'full' },
    acknowledged: true,
  },
  {
    what: 'says nothing in a stream',
    answer: (response) => response.writeHead(200, streamHead).end(),
    error: {
      type: 'InvalidInferenceResultError',
      message: "InvalidInferenceResultError('Invalid inference result: No responses were received')",
    },
    acknowledged: true,
  },
  {
    what: 'only ends a stream',
    answer: (response) => response.writeHead(200, streamHead).end('data: [DONE]\n\n'),
    error: {
      type: 'InvalidInferenceResultError',
      message:
        "InvalidInferenceResultError('Invalid inference result: No response held any content (text, reasoning or tool calls)')",
    },
    acknowledged: true,
  },
  {
    what: 'ends a stream without any mark',
    answer: (response) =>
      response.writeHead(200, streamHead).end(chatEvent({ content: 'a' }) + chatEvent({ content: 'b' })),
    error: {
      code: 502,
      type: 'IncompleteStreamError',
      message:
        'The stream ended without [DONE] and without a finish_reason, so it may be cut short; for servers that mark no end, --stream-end any counts such streams as complete',
    },
    acknowledged: true,
  },
  {
    what: 'hangs up before answering',
    answer: (response) => response.socket?.destroy(),
    error: {
      type: 'ServerDisconnectedError',
      message: 'The server SERVER closed the connection before it answered',
    },
    acknowledged: false,
  },
];

const fiveRequests: Options = {
  ...{
    model: 'm',
    tokenizer: 'builtin',
    streaming: true,
    concurrency: 2,
    'request-count': 5,
    isl: 10,
    osl: 2,
  },
  'export-level': 'raw',
};

describe('a server that, for the second and fourth of five requests,', () => {
  it.each(badAnswers)('$what', async ({ answer, error, acknowledged }) => {
    const server = await startScriptedServer((_, response, number) => {
      if (number === 2 || number === 4) answer(response);
      else streamTokens(response, ['x', ' y']);
    });
    try {
      const folder = temporaryFolder();
      const ended = await aiperf(profileWords({ ...fiveRequests, url: server.url, 'artifact-dir': folder }));
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(server.seen).toHaveLength(5);

      const records = readRecords(join(folder, 'profile_export.jsonl'));
      const failed = records.filter((record) => record.error !== undefined);
      expect(records).toHaveLength(5);
      expect(failed).toHaveLength(2);
      for (const record of failed) {
        const { code, type = '', message = '' } = record.error ?? {};
        const told = {
          ...(code === undefined ? {} : { code }),
          type,
          message: message.replace(`127.0.0.1:${server.port}`, 'SERVER'),
        };
        expect(told).toEqual(error);
        expect(record.metrics).toEqual({ error_isl: { value: 10, unit: 'tokens' } });
        expect(record.ns('request_end_ns') > record.ns('request_start_ns')).toBe(true);
        expect('request_ack_ns' in record.metadata).toBe(acknowledged);
      }
      const summary = readJson(join(folder, 'profile_export_aiperf.json'));
      expect(summary.request_count.avg).toBe(3);
      expect(summary.error_request_count.avg).toBe(2);
      expect(summary.error_summary).toEqual([{ error_details: failed[0]?.error, count: 2 }]);
      const { code = '', type = '' } = failed[0]?.error ?? {};
      expect(ended.stdout).toContain(`\nSuccess Rate: 60% (2 errors): ${`${code} ${type}`.trim()}\n`);
      expect(ended.stdout).toContain('AIPerf | Error Summary');
      // The raw file has every request, also those that nothing came back for.
      expect(readRecords(join(folder, 'profile_export_raw.jsonl'))).toHaveLength(5);
    } finally {
      server.close();
    }
  });

  it('ends a stream without any mark, which --stream-end any allows', async () => {
    const server = await startScriptedServer((_, response) =>
      response.writeHead(200, streamHead).end(chatEvent({ content: 'a' }) + chatEvent({ content: ' b' })),
    );
    try {
      const folder = temporaryFolder();
      const ended = await aiperf(
        profileWords({ ...fiveRequests, url: server.url, 'artifact-dir': folder, 'stream-end': 'any' }),
      );
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(readJson(join(folder, 'profile_export_aiperf.json')).request_count.avg).toBe(5);
    } finally {
      server.close();
    }
  });
});

describe('when nothing succeeds', () => {
  it('an unreachable server: a record for each request, the failures printed, exit code 1', async () => {
    const port = await closedPort();
    const folder = temporaryFolder();
    const words = profileWords({ ...fiveRequests, url: `http://127.0.0.1:${port}`, 'artifact-dir': folder });
    const ended = await aiperf(words);
    expect(ended).toMatchObject({ code: 1, stderr: '' });
    const message = `Cannot connect to host 127.0.0.1:${port} [connect ECONNREFUSED 127.0.0.1:${port}]`;
    expect(ended.stdout).toMatch(/^\n\n +AIPerf \| Error Summary *\n/);
    expect(ended.stdout).toContain(`│  N/A │ ClientConnectorError │ ${message} │     5 │`);
    expect(ended.stdout).toContain('─ AIPerf System Exit Errors ─');
    expect(ended.stdout).toContain('Reason: All 5 inference request(s) failed.');
    expect(ended.stdout.trimEnd().split('\n').at(-1)).toBe(`Log File: ${folder}/logs/aiperf.log`);
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    expect(records.map(({ error }) => error?.message)).toEqual(new Array(5).fill(message));
    expect(filesBelow(folder)).toEqual([
      '.aiperf_results_ready.json',
      'inputs.json',
      'logs/aiperf.log',
      'profile_export.jsonl',
      'profile_export_aiperf.csv',
      'profile_export_aiperf.json',
      'profile_export_console.txt',
      'profile_export_raw.jsonl',
      'profile_export_series.jsonl',
      'run_config.json',
    ]);
  });

  it('keeps the records and says what failed when every request is refused', async () => {
    const server = await startScriptedServer((_, response) => response.writeHead(401).end('who are you?'));
    try {
      const folder = temporaryFolder();
      const ended = await aiperf(profileWords({ ...fiveRequests, url: server.url, 'artifact-dir': folder }));
      expect(ended).toMatchObject({ code: 1, stderr: '' });
      expect(ended.stdout).toContain('│  401 │ Unauthorized │ who are you? │     5 │');
      expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(5);
    } finally {
      server.close();
    }
  });

  async function closedPort(): Promise<number> {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    listener.close();
    await once(listener, 'close');
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }
});

describe('a file that cannot be written', () => {
  it.each(['profile_export_aiperf.csv', 'profile_export_aiperf.json'])(
    '%s: the others are, it is said, and the exit code tells',
    async (name) => {
      const folder = temporaryFolder();
      const server = await startScriptedServer((_, response) => {
        // What was there before the run would have been moved away.
        mkdirSync(join(folder, name), { recursive: true });
        streamTokens(response, ['x', ' y']);
      });
      try {
        const words = profileWords({
          ...fiveRequests,
          url: server.url,
          'artifact-dir': folder,
        });
        const ended = await aiperf(words);
        expect(ended.code).toBe(1);
        expect(ended.stderr).toMatch(
          new RegExp(`^\\S+ ERROR +${join(folder, name)} could not be written.*: EISDIR.*\n$`),
        );
        expect(ended.stdout).toContain('AIPerf | LLM Metrics');
        expect(readdirSync(join(folder, name))).toEqual([]);
        const others = ['profile_export.jsonl', 'profile_export_aiperf.csv', 'profile_export_aiperf.json'];
        for (const other of others.filter((candidate) => candidate !== name)) {
          expect(existsSync(join(folder, other)) && readFileSync(join(folder, other), 'utf8')).not.toBe('');
        }
      } finally {
        server.close();
      }
    },
  );
});
