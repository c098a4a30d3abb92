import { describe, expect, it } from 'vitest';
import type { ClientCounts } from '../../src/metrics/client-counts.js';
import { checkServer } from '../../src/metrics/server-check.js';
import type { ServerFigures } from '../../src/metrics/server-figures.js';

const server = (counts: ServerFigures['counts'], more: Partial<ServerFigures> = {}): ServerFigures => ({
  id: 'vllm',
  name: 'vLLM',
  urls: ['http://a/metrics'],
  gaps: [],
  counts,
  reasons: {},
  cacheHitRate: undefined,
  speculation: undefined,
  gauges: {},
  latencies: {},
  ...more,
});

const tokens = (total: number, max: number, isUsage = true) => ({ total, max, isUsage });

const client = (more: Partial<ClientCounts> = {}): ClientCounts => ({
  succeeded: 40,
  refused: 0,
  unsure: 0,
  prompts: 1,
  choices: 1,
  promptTokens: tokens(8320, 208),
  ownPromptTokens: 8000,
  generationTokens: tokens(1280, 32),
  ownGenerationTokens: 1280,
  ttft: undefined,
  itl: undefined,
  latency: undefined,
  ...more,
});

describe('checkServer', () => {
  it('accounts for equal counts, and for the chat template', () => {
    const figures = server({ finished: 40, promptTokens: 8320, generationTokens: 1280 });
    expect(checkServer(figures, client())).toEqual({
      explained: [
        'Requests: vLLM finished 40: 40 of ours succeeded.',
        'Prompt tokens: vLLM counts 8,320: 8,000 of ours as counted here, 320 more (8 a request: chat template and special tokens).',
        'Generation tokens: vLLM counts 1,280: 1,280 of ours as counted here.',
      ],
      unexplained: [],
    });
  });

  it('compares no counts where servers of several stages count each request', () => {
    const urls = ['http://p/metrics', 'http://q/metrics', 'http://d/metrics'];
    const figures = server({ finished: 80, promptTokens: 16_640, generationTokens: 1320 }, { urls });
    expect(checkServer(figures, client())).toEqual({
      explained: [
        'Counts are not compared: 3 pages of vLLM count 80 finished requests, 2 times the 40 of ours. ' +
          '2 servers serve each request, such as for prefill and decode, and all of them count it and its tokens.',
      ],
      unexplained: [],
    });
    const [others] = checkServer(server({ finished: 81 }, { urls }), client()).unexplained;
    expect(others).toContain('at least 41 came from other clients');
    expect(checkServer(server({ finished: 80 }), client()).unexplained[0]).toContain('at least 40 came');
  });

  it.each([
    [
      'cancelled requests that ended first',
      { finished: 43, abort: 3 },
      { unsure: 9 },
      'explained',
      'and 3 ended on the server',
    ],
    [
      'requests that it refused',
      { finished: 40 },
      { refused: 4 },
      'explained',
      '40 of ours succeeded (4 refused).',
    ],
    ['other clients', { finished: 60 }, { unsure: 5 }, 'unexplained', 'at least 15 came from other clients'],
    ['missing requests', { finished: 38 }, {}, 'unexplained', '2 are missing on its metrics page'],
    ['choices', { finished: 160 }, { choices: 4 }, 'explained', 'each counted 4 times'],
    ['prompts in one request', { finished: 80 }, { prompts: 2 }, 'explained', 'each counted 2 times'],
    [
      'a server that counts choices as one',
      { finished: 40 },
      { choices: 4 },
      'explained',
      '40 of ours succeeded.',
    ],
  ] as const)('requests: %s', (_, counts, more, kind, words) => {
    const abort = 'abort' in counts ? counts.abort : 0;
    const figures = server(
      { finished: counts.finished + abort },
      { reasons: { length: counts.finished, abort } },
    );
    const check = checkServer(figures, client(more));
    expect(check[kind].join(' ')).toContain(words);
    expect(check[kind === 'explained' ? 'unexplained' : 'explained']).toEqual([]);
    if (abort > 0) expect(check.explained.join(' ')).toContain('it also counts 3 as aborted');
  });

  it.each([
    [
      'cancelled requests',
      { promptTokens: 8820 },
      { unsure: 3 },
      'explained',
      'and 500 of requests that were cancelled or failed',
    ],
    [
      'more than these can have',
      { promptTokens: 8320 + 625 },
      { unsure: 3 },
      'unexplained',
      '625 more than that are not accounted for',
    ],
    ['fewer than ours', { promptTokens: 8319 }, {}, 'unexplained', '1 fewer than that are not accounted for'],
    [
      'a prompt for each choice',
      { promptTokens: 16640 },
      { choices: 2 },
      'explained',
      'all 2 times for the choices',
    ],
    [
      'no usage',
      { promptTokens: 8320 },
      { promptTokens: tokens(8000, 200, false) },
      'explained',
      '8,000 of ours as counted here, 320 more (8 a request: chat template',
    ],
    [
      'no usage, and a remainder',
      { promptTokens: 8330 },
      { promptTokens: tokens(8000, 200, false) },
      'explained',
      '330 more (8.25 a request: chat template',
    ],
    [
      'text that is counted as more tokens here',
      { generationTokens: 1280 },
      { ownGenerationTokens: 1348 },
      'explained',
      '68 fewer as the server counts them',
    ],
  ] as const)('tokens: %s', (_, counts, more, kind, words) => {
    const check = checkServer(server(counts), client(more));
    expect(check[kind].join(' ')).toContain(words);
    expect(check[kind === 'explained' ? 'unexplained' : 'explained']).toEqual([]);
  });

  it('expects fewer prompt tokens of a server that leaves out those in its cache', () => {
    const check = checkServer(server({ promptTokens: 320 }, { id: 'llamacpp' }), client());
    expect(check.explained.join()).toContain('of which 8,000 were in the cache and are not counted');
  });

  it('explains times that are above the server’s, and doubts those below', () => {
    const latency = (mean: number) => ({ count: 40, mean, p50: mean, p99: mean, isPerRequest: true });
    const figures = server({}, { latencies: { ttft: latency(50), itl: latency(20), latency: latency(700) } });
    const ours = { ttft: { avg: 53 }, itl: { avg: 20.5 }, latency: { avg: 600 } };
    expect(checkServer(figures, client({ ...ours, promptTokens: undefined }))).toEqual({
      explained: [
        "TTFT: our mean of 53.00 ms is 3.00 ms above vLLM's (6.0 %): network, HTTP, and what the server does before its clock starts.",
        "ITL: our mean of 20.50 ms is 0.50 ms above vLLM's (2.5 %): both are means of requests.",
      ],
      unexplained: [
        "Request latency: our mean of 600.00 ms is 100.00 ms below vLLM's (-14.3 %), although the server stamps before the client.",
      ],
    });
    // By so little that no digit shows.
    const near = { ttft: { avg: 50.004 }, itl: { avg: 19.996 }, latency: { avg: 699.9 } };
    expect(checkServer(figures, client({ ...near, promptTokens: undefined }))).toEqual({
      explained: [
        "TTFT: our mean of 50.00 ms equals vLLM's.",
        "Request latency: our mean of 699.90 ms is 0.10 ms below vLLM's (under 0.1 %): network, HTTP, and what the server does before its clock starts.",
        "ITL: our mean of 20.00 ms equals vLLM's.",
      ],
      unexplained: [],
    });
    // Its mean is also that of requests that were cancelled here.
    expect(checkServer(figures, client({ ...ours, unsure: 1 })).unexplained).toEqual([]);
  });

  it('compares nothing where counts may not be those of the phase', () => {
    const figures = server(
      { finished: 12 },
      { gaps: ['http://a/metrics was not read before the first request'] },
    );
    expect(checkServer(figures, client())).toEqual({
      explained: ['Counts are not compared: http://a/metrics was not read before the first request.'],
      unexplained: [],
    });
  });
});
