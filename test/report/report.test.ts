import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import type { MetricResult } from '../../src/metrics/results.js';
import { metrics } from '../../src/metrics/table.js';
import type { CountedRecord, RequestRecord } from '../../src/records/record.js';
import { errorTable } from '../../src/report/error-table.js';
import { footer } from '../../src/report/footer.js';
import { metricsTable } from '../../src/report/metrics-table.js';
import {
  exitErrorPanel,
  knownRefusalPanels,
  missingUsagePanel,
  notStreamed,
  notStreamedPanel,
  oslMismatchPanel,
  responseWarnings,
  unreadContentPanel,
} from '../../src/report/panels.js';
import { report, type SideTable, sideTables } from '../../src/report/report.js';
import { WireTimes } from '../../src/transport/transport.js';
import { goldenIsThere, goldenText } from '../metrics/golden.js';
import { counted, fourRequests, ms, storeOf, streamingChat } from '../metrics/records.js';

const layout = { width: 140, colours: false };
const facts = { title: 'LLM Metrics' };

/** A panel's lines without its frame, those that go on over several lines joined. */
function paragraphs(panel: readonly string[]): string[] {
  const joined: string[] = [];
  for (const line of panel.slice(1, -1).map((framed) => framed.slice(3, -3).trimEnd())) {
    const last = joined.at(-1) ?? '';
    const goesOn =
      joined.length > 0 && last !== '' && line !== '' && !/^ *- |:$/.test(line) && !last.endsWith('.');
    if (goesOn) joined[joined.length - 1] = `${last} ${line.trim()}`;
    else joined.push(line);
  }
  return joined;
}

test('the run of four requests, to the character', () => {
  expect(report(storeOf(fourRequests).summary(), facts, layout)).toBe(`

                       AIPerf | Error Summary                       
┏━━━━━━┳━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━┓
┃ Code ┃        Type ┃ Message                             ┃ Count ┃
┡━━━━━━╇━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━┩
│  400 │ Bad Request │ {"error":"context window exceeded"} │     1 │
└──────┴─────────────┴─────────────────────────────────────┴───────┘


                                             AIPerf | LLM Metrics                                              
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━┳━━━━━━━┳━━━━━━━━┳━━━━━━━━┳━━━━━━━━┳━━━━━━━━┳━━━━━━━━┓
┃                                        Metric ┃    avg ┃   min ┃    max ┃    p99 ┃    p90 ┃    p50 ┃    std ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━╇━━━━━━━╇━━━━━━━━╇━━━━━━━━╇━━━━━━━━╇━━━━━━━━╇━━━━━━━━┩
│                      Time to First Token (ms) │ 110.00 │ 80.00 │ 150.00 │ 149.00 │ 140.00 │ 100.00 │  29.44 │
│                     Time to Second Token (ms) │  25.00 │ 20.00 │  30.00 │  29.90 │  29.00 │  25.00 │   5.00 │
│               Time to First Output Token (ms) │ 120.00 │ 80.00 │ 180.00 │ 178.40 │ 164.00 │ 100.00 │  43.20 │
│                          Request Latency (ms) │ 203.33 │ 80.00 │ 330.00 │ 327.40 │ 304.00 │ 200.00 │ 102.09 │
│                          Decode Duration (ms) │  93.33 │  0.00 │ 180.00 │ 178.40 │ 164.00 │ 100.00 │  73.64 │
│                      Inter Token Latency (ms) │  27.50 │ 25.00 │  30.00 │  29.95 │  29.50 │  27.50 │   2.50 │
│              Output Token Throughput Per User │  36.67 │ 33.33 │  40.00 │  39.93 │  39.33 │  36.67 │   3.33 │
│                             (tokens/sec/user) │        │       │        │        │        │        │        │
│ E2E Output Token Throughput (tokens/sec/user) │  19.57 │ 12.50 │  25.00 │  24.92 │  24.24 │  21.21 │   5.23 │
│               Output Sequence Length (tokens) │   4.33 │  1.00 │   7.00 │   6.96 │   6.60 │   5.00 │   2.49 │
│                Input Sequence Length (tokens) │  26.00 │ 16.00 │  32.00 │  31.96 │  31.60 │  30.00 │   7.12 │
│          Output Token Throughput (tokens/sec) │   9.77 │   N/A │    N/A │    N/A │    N/A │    N/A │    N/A │
│           Input Token Throughput (tokens/sec) │  58.65 │   N/A │    N/A │    N/A │    N/A │    N/A │    N/A │
│             Request Throughput (requests/sec) │   2.26 │   N/A │    N/A │    N/A │    N/A │    N/A │    N/A │
│          Completed Requests (Success + Error) │   4.00 │   N/A │    N/A │    N/A │    N/A │    N/A │    N/A │
│                                    (requests) │        │       │        │        │        │        │        │
│                        Request Error Rate (%) │  25.00 │   N/A │    N/A │    N/A │    N/A │    N/A │    N/A │
│                      Request Count (requests) │   3.00 │   N/A │    N/A │    N/A │    N/A │    N/A │    N/A │
└───────────────────────────────────────────────┴────────┴───────┴────────┴────────┴────────┴────────┴────────┘
                    AIPerf | Error-adjusted latency (failures = ∞)                     
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━┳━━━━━━━┳━━━━━┳━━━━━┳━━━━━┳━━━━━━━━┳━━━━━┓
┃                               Metric ┃ avg ┃   min ┃ max ┃ p99 ┃ p90 ┃    p50 ┃ std ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━╇━━━━━━━╇━━━━━╇━━━━━╇━━━━━╇━━━━━━━━╇━━━━━┩
│     Request Latency (error-adjusted) │ N/A │ 80.00 │ N/A │ N/A │ N/A │ 330.00 │ N/A │
│                                 (ms) │     │       │     │     │     │        │     │
│ Time to First Token (error-adjusted) │ N/A │ 80.00 │ N/A │ N/A │ N/A │ 150.00 │ N/A │
│                                 (ms) │     │       │     │     │     │        │     │
│     Decode Duration (error-adjusted) │ N/A │  0.00 │ N/A │ N/A │ N/A │ 180.00 │ N/A │
│                                 (ms) │     │       │     │     │     │        │     │
│ Inter Token Latency (error-adjusted) │ N/A │ 25.00 │ N/A │ N/A │ N/A │  30.00 │ N/A │
│                                 (ms) │     │       │     │     │     │        │     │
└──────────────────────────────────────┴─────┴───────┴─────┴─────┴─────┴────────┴─────┘
`);
});

test('a clean run has the main table alone', () => {
  const text = report(storeOf([counted()]).summary(), facts, layout);
  expect(text).toMatch(/^\n\n +AIPerf \| LLM Metrics +\n┏/);
  expect(text).toMatch(/\n└[─┴]+┘\n$/);
  expect(text).not.toMatch(/Error Summary|infinite|Warning/);
});

test('results of a part of a run say so first', () => {
  const text = report(
    storeOf([counted()]).summary(),
    { ...facts, incompleteReason: 'Run cancelled.' },
    layout,
  );
  expect(text.split('\n').slice(0, 7)).toEqual([
    '',
    '',
    'AIPerf | INCOMPLETE RESULTS',
    'Run cancelled.',
    'The figures cover only part of the run: do not compare them with complete runs.',
    '',
    '',
  ]);
});

test('panels follow the tables: first token counts, then output lengths', () => {
  const usage = { prompt_tokens: 20, completion_tokens: 2, total_tokens: 22 };
  const records = [
    counted({ usage, requestedOsl: 10 }),
    counted({ usage: { ...usage, prompt_tokens: 8 }, requestedOsl: 2 }),
    counted({ usage: { ...usage, prompt_tokens: 8 }, requestedOsl: 2 }),
  ];
  const lines = report(storeOf(records).summary(), facts, layout).split('\n');
  const first = lines.findIndex((line) => line.startsWith('╭'));
  expect(lines[first - 1]).toBe('');
  expect(lines[first - 2]).toMatch(/^└/);
  expect(lines[first]).toMatch(/^╭─+ Token Count Discrepancy Warning ─+╮$/);
  expect(lines[first + 1]).toContain('In 1 of 3 requests (33.3%) the token counts that the server reports');
  expect(lines[first + 2]).toContain('are more than 10% apart.');
  const second = lines.findLastIndex((line) => line.startsWith('╭'));
  expect(lines[second - 1]).toBe('');
  expect(lines.slice(second + 1, second + 4).map((line) => line.replaceAll('│', '').trim())).toEqual([
    '1 of 3 requests (33.3%) returned a length that differs from the requested one by more than',
    'min(5%, 50 tokens).',
    'Average difference: -26.7%.',
  ]);
  const panel = lines.slice(first).filter((line) => /^[╭│╰]/.test(line));
  expect(new Set(panel.slice(0, second - first - 1).map((line) => stringWidth(line))).size).toBe(1);
});

test('a known misunderstanding is explained', () => {
  const message =
    '[{"type":"extra_forbidden","loc":["max_completion_tokens"],"msg":"Extra inputs are not permitted"}]';
  const errors = [{ error: { code: 422, type: 'Unprocessable Entity', message }, count: 1 }];
  const [top = '', ...lines] = knownRefusalPanels(errors, layout);
  expect(top).toContain(' Unsupported Parameter: max_completion_tokens ');
  for (const way of [
    '--osl',
    '--output-tokens-mean',
    '--extra-inputs "max_tokens:<value>"',
    '--use-legacy-max-tokens',
  ])
    expect(lines.join('\n')).toContain(way);
  expect(
    knownRefusalPanels([{ error: { type: 'x', message: 'extra_forbidden' }, count: 1 }], layout),
  ).toEqual([]);
});

test('when nothing succeeded: the failures, then why there are no results', () => {
  const refused = counted({ error: { code: 400, type: 'Bad Request', message: 'no' } });
  const lines = report(storeOf([refused, refused]).summary(), facts, { ...layout, width: 80 }).split('\n');
  expect(lines.slice(2, 8)).toEqual([
    '         AIPerf | Error Summary         ',
    '┏━━━━━━┳━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━┓',
    '┃ Code ┃        Type ┃ Message ┃ Count ┃',
    '┡━━━━━━╇━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━┩',
    '│  400 │ Bad Request │ no      │     2 │',
    '└──────┴─────────────┴─────────┴───────┘',
  ]);
  const panel = lines.slice(
    lines.findIndex((line) => line.startsWith('╭')),
    -1,
  );
  expect(panel[0]).toBe(`╭─ AIPerf System Exit Errors ${'─'.repeat(50)}╮`);
  expect(panel[4]).toMatch(/^│ {4}Reason: All 2 inference request\(s\) failed\./);
  for (const line of panel) expect(stringWidth(line)).toBe(80);
  const rows = lines.join('\n').replace(/ +/g, ' ');
  expect(rows).toContain('Request Error Rate (%) │100.00│');
  expect(rows).toContain('Request Count (requests) │ 0.00│');
});

test('the exit panel names what there is to name', () => {
  const error = { service: 'dataset', operation: 'load', error: 'E', reason: 'R', cause: 'C', details: 'D' };
  const text = exitErrorPanel([error, { ...error, service: 'load' }], { ...layout, width: 40 });
  expect(text.map((line) => line.slice(1, -1).trim())).toEqual([
    `─ AIPerf System Exit Errors ${'─'.repeat(10)}`,
    ...['• Service: dataset', 'Operation: load', 'Error: E', 'Reason: R', 'Cause: C', 'Details: D'],
    '',
    ...['• Service: load', 'Operation: load', 'Error: E', 'Reason: R', 'Cause: C', 'Details: D'],
    '─'.repeat(38),
  ]);
});

test('messages are printed as they are, without steering the terminal', () => {
  const message = '[red]alert[/red] [/path] \u001b[2J 日本語';
  const lines = errorTable([{ error: { type: '', message }, count: 1234 }], layout);
  expect(lines[4]).toBe('│  N/A │  N/A │ [red]alert[/red] [/path]  日本語 │ 1,234 │');
  expect(new Set(lines.map((line) => stringWidth(line))).size).toBe(1);
});

describe('on a narrow terminal', () => {
  const drawn = (width: number, table: 'main' | 'adjusted' = 'main') =>
    metricsTable(storeOf(fourRequests).summary().results, table, 'AIPerf | LLM Metrics', {
      ...layout,
      width,
    });

  test('numbers first give up their padding', () => {
    // 111 columns wide by itself, of which seven columns of numbers have two of padding each.
    const lines = drawn(110);
    for (const line of lines) expect(stringWidth(line)).toBe(97);
    expect(lines).toContain(
      '│ E2E Output Token Throughput (tokens/sec/user) │ 19.57│12.50│ 25.00│ 24.92│ 24.24│ 21.21│  5.23│',
    );
  });

  test('then labels are wrapped, units stay whole', () => {
    const lines = drawn(80);
    for (const line of lines) expect(stringWidth(line)).toBe(80);
    const row = lines.findIndex((line) => line.includes('Output Token Throughput Per'));
    // 80 - 97 + 45 columns for the labels.
    expect(lines.slice(row, row + 5)).toEqual([
      '│  Output Token Throughput Per │ 36.67│33.33│ 40.00│ 39.93│ 39.33│ 36.67│  3.33│',
      '│                         User │      │     │      │      │      │      │      │',
      '│            (tokens/sec/user) │      │     │      │      │      │      │      │',
      '│  E2E Output Token Throughput │ 19.57│12.50│ 25.00│ 24.92│ 24.24│ 21.21│  5.23│',
      '│            (tokens/sec/user) │      │     │      │      │      │      │      │',
    ]);
  });

  test('then columns are left out, and a note names them', () => {
    // 63 columns for the labels and all numbers; without std, its six and an edge less.
    const lines = drawn(62);
    expect(lines.at(-1)).toBe('Not shown at a width of 62 columns: std.');
    for (const line of lines.slice(0, -1)) expect(stringWidth(line)).toBe(62);
    expect(drawn(45).slice(-2).join(' ')).toBe('Not shown at a width of 45 columns: min, max, p90, std.');
  });

  test('the rest is drawn as tables below each other; what cannot be broken stays as wide as it is', () => {
    const lines = drawn(30);
    const heads = lines.filter((line) => line.startsWith('┃'));
    expect(heads.map((line) => line.split('┃').map((cell) => cell.trim()))).toEqual([
      ['', 'Metric', 'avg', ''],
      ['', 'Metric', 'p99', ''],
      ['', 'Metric', 'p50', ''],
    ]);
    expect(lines.slice(0, -2).every((line) => stringWidth(line) <= 30)).toBe(true);
    expect(drawn(1).filter((line) => line.startsWith('┃'))).toHaveLength(3);
  });
});

test('tables on request, in their order, and only those that have something in them', () => {
  const usage = { prompt_tokens: 8, completion_tokens: 2, total_tokens: 10 };
  const wire = Object.assign(new WireTimes(), {
    ...{ sendStartNs: 0, sendEndNs: ms(1), firstBodyNs: ms(9), lastBodyNs: ms(20), writes: 1, reads: 2 },
  });
  const titles = (records: CountedRecord[], tables?: ReadonlySet<SideTable>) => {
    const text = report(storeOf(records).summary(), facts, layout, tables);
    return text.split('\n').flatMap((line, i, lines) => {
      const emptyBefore = [lines[i - 1], lines[i - 2]].findIndex((before) => before !== '');
      return line.trim().startsWith('AIPerf | ')
        ? [`${emptyBefore === -1 ? 2 : emptyBefore} ${line.trim()}`]
        : [];
    });
  };
  const all = sideTables(['all']);
  const failed = counted({ error: { type: 'TimeoutError', message: 'late' } });
  const adjusted = '0 AIPerf | Error-adjusted latency (failures = ∞)';
  expect(titles([counted({ usage, wire }), failed], all)).toEqual([
    '2 AIPerf | Error Summary',
    '2 AIPerf | HTTP Trace Timing',
    '2 AIPerf | LLM Metrics: Schedule',
    '0 AIPerf | LLM Metrics: Effective',
    '0 AIPerf | LLM Metrics: Active',
    '0 AIPerf | LLM Metrics: Usage',
    '0 AIPerf | LLM Metrics',
    adjusted,
  ]);
  expect(titles([counted({}, { output: 2, reasoning: 1 })], sideTables(['reasoning']))).toEqual([
    '2 AIPerf | LLM Metrics: Reasoning',
    '0 AIPerf | LLM Metrics',
  ]);
  expect(titles([counted({ usage, wire })], new Set(['usage'] as const))).toEqual([
    '2 AIPerf | LLM Metrics: Usage',
    '0 AIPerf | LLM Metrics',
  ]);
  expect(titles([counted({ usage, wire }), failed])).toEqual([
    '2 AIPerf | Error Summary',
    '2 AIPerf | LLM Metrics',
    adjusted,
  ]);
});

test('the table of the schedule, to the character', () => {
  // Due 5 ms before the start, content at 10 ms, the last unit at 21 ms.
  const results = storeOf([counted({ dueNs: ms(-5) })]).summary().results;
  expect(metricsTable(results, 'schedule', 'AIPerf | LLM Metrics: Schedule', layout).slice(3, -1)).toEqual([
    '┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━┩',
    '│             Credit-to-Start Latency (ms) │  5.00 │  5.00 │  5.00 │  5.00 │  5.00 │  5.00 │ 0.00 │',
    '│ Effective Time to First Token (CO-aware) │ 15.00 │ 15.00 │ 15.00 │ 15.00 │ 15.00 │ 15.00 │ 0.00 │',
    '│                                     (ms) │       │       │       │       │       │       │      │',
    '│        Effective Latency (CO-aware) (ms) │ 26.00 │ 26.00 │ 26.00 │ 26.00 │ 26.00 │ 26.00 │ 0.00 │',
  ]);
});

test('what goes on in a panel stands under its text', () => {
  const error = { service: 's', operation: 'o', error: 'E', reason: 'one two three four five six seven' };
  expect(exitErrorPanel([error], { ...layout, width: 36 }).slice(4, 6)).toEqual([
    '│    Reason: one two three four    │',
    '│            five six seven        │',
  ]);
  const drawn = oslMismatchPanel(storeOf([counted({ requestedOsl: 9 })]).summary(), { ...layout, width: 60 });
  const at = drawn.findIndex((line) => line.includes('  - Ask for'));
  expect(drawn.slice(at, at + 2).map((line) => line.slice(3, -3))).toEqual([
    '  - Ask for at least N tokens: --extra-inputs         ',
    '    min_tokens:<N> (vLLM, TensorRT-LLM, SGLang)       ',
  ]);
});

test('colours mark up the same text', () => {
  const plain = report(storeOf(fourRequests).summary(), facts, layout);
  const coloured = report(storeOf(fourRequests).summary(), facts, { ...layout, colours: true });
  expect(coloured).toContain('\u001b[36m                     Time to First Token (ms)\u001b[39m');
  expect(coloured).toContain('\u001b[32m110.00\u001b[39m');
  expect(coloured).toContain('\u001b[2mN/A\u001b[22m');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is taken off
  expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(plain);
});

describe('footer', () => {
  const footerFacts = {
    command: "aiperf profile --model 'demo/tiny-1b' --streaming --concurrency 2 --request-count 4",
    wasCancelled: false,
  };
  const written = {
    files: [
      { label: 'CSV Export', path: '/runs/a/profile_export_aiperf.csv' },
      { label: 'JSON Export', path: '/runs/a/profile_export_aiperf.json' },
    ],
    log: '/runs/a/logs/aiperf.log',
  };

  test('of the run of four requests', () => {
    expect(footer(storeOf(fourRequests).summary(), footerFacts, written, layout)).toBe(`
CLI Command: aiperf profile --model 'demo/tiny-1b' --streaming --concurrency 2 --request-count 4
Benchmark Duration: 1.33 sec
Success Rate: 75% (1 errors): 1 request exceeded the context window
CSV Export: /runs/a/profile_export_aiperf.csv
JSON Export: /runs/a/profile_export_aiperf.json
Log File: /runs/a/logs/aiperf.log

`);
  });

  test.each([
    [{ share: 0.2141 }, 'load threads busy 21.4 % of the time'],
    [
      { share: 0.123, requestsPerSecond: 42_000, eventsPerSecond: 85_000 },
      "12.3 % of this machine's limit (85,000 events/s or 42,000 requests/s per load thread)",
    ],
  ])('how far the client stayed below its limit: %o', (utilization, words) => {
    const fidelity = { verdict: 'client ok', utilization };
    expect(footer(storeOf(fourRequests).summary(), { ...footerFacts, fidelity }, written, layout)).toContain(
      `\nFidelity: client ok\nClient Utilization: ${words}\nCSV Export: `,
    );
  });

  test('why a merge is degraded, before the verdict on the client', () => {
    const reasons = Array.from({ length: 7 }, (_, shard) => `shard ${shard} was lost`);
    const facts = {
      ...footerFacts,
      shards: { merge: 'degraded', reasons },
      fidelity: { verdict: 'client ok' },
    };
    expect(footer(storeOf(fourRequests).summary(), facts, written, layout)).toContain(
      '\nMerge: degraded\n  - shard 0 was lost\n  - shard 1 was lost\n  - shard 2 was lost\n' +
        '  - shard 3 was lost\n  - shard 4 was lost\n  - 2 more: see Shards\nFidelity: client ok\n',
    );
    const exact = { ...footerFacts, shards: { merge: 'exact', reasons: [] } };
    expect(footer(storeOf(fourRequests).summary(), exact, written, layout)).not.toContain('Merge');
  });

  test('a few reasons of each level for the verdict on several shards, of as many shards as possible', () => {
    const reasons = [
      ...Array.from({ length: 7 }, (_, i) => ({ level: 'limited', reason: `shard ${i >> 1}: limited ${i}` })),
      ...Array.from({ length: 3 }, (_, i) => ({ level: 'strained', reason: `shard 7: strained ${i}` })),
      ...Array.from({ length: 9 }, (_, i) => ({ level: 'rest', reason: `shard ${i}: rest` })),
    ];
    const textOf = (replace: (reason: string) => string) => {
      const shown = reasons.map(({ level, reason }) => ({ level, reason: replace(reason) }));
      const fidelity = { verdict: 'client limited', reasons: shown };
      return footer(storeOf(fourRequests).summary(), { ...footerFacts, fidelity }, written, layout);
    };
    expect(textOf((reason) => reason)).toContain(
      [
        '\nFidelity: client limited',
        // The first of each of four shards, and one more.
        ...['0: limited 0', '0: limited 1', '1: limited 2', '2: limited 4', '3: limited 6'].map(
          (text) => `  - shard ${text}`,
        ),
        ...['shard 7: strained 0', 'shard 7: strained 1', 'shard 7: strained 2'].map((text) => `  - ${text}`),
        ...[0, 1, 2, 3, 4].map((shard) => `  - shard ${shard}: rest`),
        '  - 6 more: see fidelity.reasons in the JSON export\n',
      ].join('\n'),
    );
    // One machine has few.
    expect(textOf((reason) => `load ${reason}`).match(/^ {2}- load shard/gm)).toHaveLength(19);
  });

  test('of a cancelled run, on a narrow terminal: the command is broken, paths are not', () => {
    const text = footer(storeOf(fourRequests).summary(), { ...footerFacts, wasCancelled: true }, written, {
      ...layout,
      width: 40,
    });
    expect(text).toBe(`
CLI Command: aiperf profile --model
'demo/tiny-1b' --streaming --concurrency
2 --request-count 4
Benchmark Duration: 1.33 sec (cancelled early)
Success Rate: 75% (1 errors): 1 request exceeded the context window
CSV Export: /runs/a/profile_export_aiperf.csv
JSON Export: /runs/a/profile_export_aiperf.json
Log File: /runs/a/logs/aiperf.log
This run was cancelled early: its results may be incomplete.

`);
  });

  test('labels in bold green, values in italic cyan', () => {
    const text = footer(storeOf(fourRequests).summary(), footerFacts, written, { ...layout, colours: true });
    expect(text).toContain(
      '\u001b[1m\u001b[32mBenchmark Duration:\u001b[39m\u001b[22m \u001b[3m\u001b[36m1.33 sec\u001b[39m\u001b[23m\n',
    );
  });
});

test('requests beyond the same context window are one row, whatever their lengths', () => {
  const beyond = (limit: number, asked: number, count: number) => ({
    error: {
      code: 400,
      type: 'Bad Request',
      message: `This model's maximum context length is ${limit} tokens. You requested ${asked}.`,
    },
    count,
  });
  const other = { error: { code: 503, type: 'Service Unavailable', message: 'busy 1' }, count: 2 };
  const rows = errorTable(
    [beyond(4096, 5000, 1), other, beyond(4096, 6000, 3), beyond(2048, 6000, 1)],
    layout,
  ).slice(4, -1);
  expect(rows.map((row) => row.replaceAll(/ *│ */g, '|'))).toEqual([
    "|400|Bad Request|This model's maximum context length is 4096 tokens. You requested 5000.|4|",
    '|503|Service Unavailable|busy 1|2|',
    "|400|Bad Request|This model's maximum context length is 2048 tokens. You requested 6000.|1|",
  ]);
});

test('many messages: the twenty most frequent, and how many others', () => {
  const groups = Array.from({ length: 25 }, (_, i) => ({
    error: { code: 500, type: 'X', message: `request ${i}` },
    count: i + 1,
  }));
  const rows = errorTable(groups, layout).slice(4, -1);
  expect(rows).toHaveLength(21);
  expect(rows[0]).toMatch(/ request 24 .* 25 │$/);
  expect(rows[20]).toMatch(/ Others │ 5 other messages; the summary JSON lists them +│ +15 │$/);
});

test('a page for an error message is cut on the screen', () => {
  const errors = [
    { error: { code: 500, type: 'Internal Server Error', message: 'x'.repeat(300_000) }, count: 2 },
  ];
  const drawn = errorTable(errors, layout).join('');
  expect(drawn).toContain('(298,000 more characters)');
  expect(drawn.length).toBeLessThan(10_000);
});

describe('the panel of output lengths', () => {
  const panelOf = (records: readonly CountedRecord[]) =>
    paragraphs(oslMismatchPanel(storeOf(records).summary(), layout));
  const many = (count: number, changes: Partial<RequestRecord>, output = 6) =>
    Array.from({ length: count }, () => counted({ requestedOsl: 20, ...changes }, { input: 60, output }));
  const causesOf = (lines: readonly string[]) =>
    lines.slice(lines.indexOf('Causes:') + 1, lines.indexOf('', lines.indexOf('Causes:')));

  test('names count, share, thresholds and average', () => {
    // Twelve answers of 6 tokens where 20 were asked for: each (6 - 20) / 20 = -70 % off.
    const lines = panelOf(many(12, { finishReason: 'stop' }));
    expect(lines).toEqual([
      '12 of 12 requests (100.0%) returned a length that differs from the requested one by more than min(5%, 50 tokens).',
      'Average difference: -70.0%.',
      '',
      'Causes:',
      '  - 12 requests: The model stopped early (EOS, a stop string or a tool call)',
      '',
      'Fix Options:',
      '  - Force the full length: --extra-inputs ignore_eos:true (vLLM, SGLang, TensorRT-LLM)',
      '  - Ask for at least N tokens: --extra-inputs min_tokens:<N> (vLLM, TensorRT-LLM, SGLang)',
      '  - Find the requests: osl_mismatch_diff_pct in the per-request file',
      '  - Change the thresholds: AIPERF_METRICS_OSL_MISMATCH_PCT_THRESHOLD (now 5), AIPERF_METRICS_OSL_MISMATCH_MAX_TOKEN_THRESHOLD (now 50)',
    ]);
  });

  const usage = { prompt_tokens: 60, completion_tokens: 20, total_tokens: 80 };
  test.each<readonly [string, Partial<RequestRecord>, number, RegExp]>([
    ['the usage shows the requested length', { usage, finishReason: 'length' }, 6, /Re-tokenization/],
    ['the same, whatever the finish reason', { usage, finishReason: 'stop' }, 26, /Re-tokenization/],
    [
      'reasoning is counted and not sent',
      { usage: { ...usage, completion_tokens_details: { reasoning_tokens: 14 } } },
      6,
      /Hidden reasoning/,
    ],
    [
      'reasoning is reported apart from the completion',
      { usage: { prompt_tokens: 60, completion_tokens: 6, reasoning_tokens: 14, total_tokens: 80 } },
      6,
      /Hidden reasoning/,
    ],
    [
      'a short usage and a stop',
      { usage: { completion_tokens: 6 }, finishReason: 'eos_token' },
      6,
      /stopped early/,
    ],
    ['a tool call', { finishReason: 'tool_calls' }, 6, /stopped early/],
    [
      'a limit of the server',
      { usage: { completion_tokens: 6 }, finishReason: 'length' },
      6,
      /a token limit/,
    ],
    ['a filter', { finishReason: 'content_filter' }, 6, /content filter/],
    ['more than requested', { finishReason: 'stop' }, 26, /longer than requested/],
    ['nothing', {}, 6, /Unknown/],
    ['a reason of its own', { finishReason: 'done' }, 6, /Unknown/],
  ])('names the cause: %s', (_, changes, output, cause) => {
    const causes = causesOf(panelOf(many(1, changes, output)));
    expect(causes).toEqual([expect.stringMatching(/^ {2}- 1 request: /)]);
    expect(causes[0]).toMatch(cause);
    expect(/EOS/.test(causes[0] ?? '')).toBe(cause.source === 'stopped early');
  });

  test('puts the most frequent cause first, and leaves out requests whose length fits or that failed', () => {
    const causes = causesOf(
      panelOf([
        ...many(1, { usage, finishReason: 'length' }),
        ...many(2, { finishReason: 'stop' }),
        ...many(5, { finishReason: 'stop' }, 20),
        ...many(5, { error: { type: 'x', message: 'y' }, finishReason: 'abort' }),
      ]),
    );
    expect(causes.map((line) => line.slice(0, 30))).toEqual([
      '  - 2 requests: The model stop',
      '  - 1 request: Re-tokenization',
    ]);
  });
});

describe('what responses lack', () => {
  const serverCounts = { ...streamingChat, serverTokenCounts: true };
  const none = { input: undefined, output: undefined };

  test('no usage at all, where the server was to count', () => {
    const summary = storeOf([counted({}, none), counted({}, none)], serverCounts).summary();
    expect(paragraphs(missingUsagePanel(summary, layout))[0]).toBe(
      'No successful response held usage with completion tokens, which --use-server-token-count takes token counts from: token metrics are missing.',
    );
    expect(responseWarnings(summary)).toEqual([
      'No successful response held usage with completion tokens, which --use-server-token-count takes token counts from: token metrics are missing. Remove --use-server-token-count to count tokens here.',
    ]);
  });

  test('no usage in some', () => {
    const usage = { prompt_tokens: 8, completion_tokens: 2 };
    const summary = storeOf(
      [counted({ usage }), counted({}, none), counted({ usage })],
      serverCounts,
    ).summary();
    expect(paragraphs(missingUsagePanel(summary, layout))[0]).toBe(
      '2 of 3 successful responses held usage with completion tokens, which --use-server-token-count takes token counts from: token metrics cover only those.',
    );
  });

  test('nothing where tokens are counted here, and in good responses', () => {
    expect(missingUsagePanel(storeOf([counted()]).summary(), layout)).toEqual([]);
    expect(unreadContentPanel(storeOf([counted()]).summary(), layout)).toEqual([]);
    expect(responseWarnings(storeOf([counted()]).summary())).toEqual([]);
  });

  test('a stream that comes in one piece has no times of tokens', () => {
    const whole = counted({ contentNs: Float64Array.of(ms(30)), firstOutputNs: ms(30) });
    const text =
      '2 of 3 successful responses arrived in one piece although streaming was requested: their Time to First Token is the whole latency, and their Inter Token Latency is 0.';
    const summary = storeOf([whole, whole, counted()]).summary();
    expect(notStreamed(summary)).toBe(text);
    expect(paragraphs(notStreamedPanel(summary, layout))[0]).toBe(text);
    // Fewer than half: an answer may be that short.
    expect(notStreamedPanel(storeOf([whole, counted(), counted()]).summary(), layout)).toEqual([]);
    expect(notStreamed(storeOf([]).summary())).toBeUndefined();
    // No stream was asked for.
    expect(notStreamed(storeOf([whole], { ...streamingChat, streaming: false }).summary())).toBeUndefined();
  });

  test('content that was not read, by field', () => {
    const summary = storeOf([
      counted({ unread: { images: 1, 'content[].video': 3 } }),
      counted({ unread: { 'content[].video': 2 }, error: { type: 'x', message: 'y' } }),
    ]).summary();
    expect(paragraphs(unreadContentPanel(summary, layout)).slice(2, 4)).toEqual([
      '  - content[].video: in 5 response units of 2 requests',
      '  - images: in 1 response unit of 1 request',
    ]);
    expect(responseWarnings(summary)).toEqual([
      'Fields of responses look like content and are not read: content[].video: in 5 response units of 2 requests; images: in 1 response unit of 1 request',
    ]);
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`field_${i}x`, 1]));
    const drawn = paragraphs(unreadContentPanel(storeOf([counted({ unread: many })]).summary(), layout));
    expect(drawn.filter((line) => line.startsWith('  - '))).toHaveLength(11);
    expect(drawn).toContain('  - and 2 more');
  });
});

describe.runIf(goldenIsThere)('beside the original', () => {
  test.each(['stream', 'whole', 'text', 'think', 'turns', 'rate', 'vllm'])('the main table of %s', (run) => {
    const theirs = JSON.parse(goldenText(`${run}/profile_export_aiperf.json`));
    const results = metrics.flatMap(({ tag, displayUnit }): MetricResult[] => {
      const { unit, ...statistics } = theirs[tag] ?? {};
      return unit === undefined ? [] : [{ tag, unit: displayUnit, statistics }];
    });
    const drawn = metricsTable(results, 'main', 'NVIDIA AIPerf | LLM Metrics', layout).join('\n');
    const text = goldenText(`${run}/profile_export_console.txt`);
    expect(text).toContain(`\n${drawn}\n`);
  });

  test('the usage table and the table of what happened on the wire', () => {
    const theirs = JSON.parse(goldenText('stream/profile_export_aiperf.json'));
    const results = metrics.flatMap(({ tag, displayUnit }): MetricResult[] => {
      const { unit, ...statistics } = theirs[tag] ?? {};
      return unit === undefined ? [] : [{ tag, unit: displayUnit, statistics }];
    });
    const usage = metricsTable(results, 'usage', 'NVIDIA AIPerf | LLM Metrics: Usage', layout).join('\n');
    expect(goldenText('stream/profile_export_console.txt')).toContain(`\n${usage}\n`);
  });

  test.each(['errors', 'cancel'])('the error table of %s, below its title', (run) => {
    const theirs = JSON.parse(goldenText(`${run}/profile_export_aiperf.json`));
    const errors = theirs.error_summary.map(
      ({ error_details, count }: { error_details: object; count: number }) => ({
        error: error_details,
        count,
      }),
    );
    const drawn = errorTable(errors, layout).slice(1).join('\n');
    expect(goldenText(`${run}/profile_export_console.txt`)).toContain(`\n${drawn}\n`);
  });
});
