import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ended, startAiperf, temporaryFolder } from '../e2e/aiperf.js';
import { type SimulatedServer, startSimulatedServer } from '../e2e/simulated-server.js';
import { openMlflowServer } from '../views/mlflow/server.js';
import { openCollector } from '../views/otel/collector.js';
import { goldenFolder, goldenText } from './golden2-inputs.js';

// What AIPerf sent to a collector and to MLflow in golden2/otel and golden2/mlflow, against ours: one run for both.
const isThere = existsSync(goldenFolder('otel'));
if (!isThere) process.stderr.write('skipped: what AIPerf exports: golden2/otel is not beside the checkout\n');

const folder = temporaryFolder();
let server: SimulatedServer;
let collector: Awaited<ReturnType<typeof openCollector>>;
let mlflow: Awaited<ReturnType<typeof openMlflowServer>>;
let ended: Ended;

beforeAll(async () => {
  if (!isThere) return;
  server = await startSimulatedServer({ dialect: 'plain', ttft: 20, itl: 5, timer: 'low-cpu', fail: 5 });
  collector = await openCollector();
  mlflow = await openMlflowServer();
  const command =
    `profile --model m --url ${server.url} --random-seed 7 --artifact-dir ${folder} --ui none ` +
    '--no-server-metrics --no-gpu-telemetry --endpoint-type chat --streaming --concurrency 2 --request-count 10 ' +
    `--tokenizer builtin --isl 10 --osl 4 --otel-url ${collector.url} --otel-resource-attributes team=a env=b --otel-traces 1 ` +
    `--mlflow-tracking-uri ${mlflow.url} --mlflow-experiment e1 --mlflow-tag k:v k2:v2`;
  ended = await startAiperf(command.split(' ')).ended;
});

afterAll(async () => {
  await Promise.all([server?.close(), collector?.close(), mlflow?.close()]);
});

interface Line {
  readonly metadata: { readonly request_start_ns: number; readonly x_request_id: string };
  readonly metrics: Readonly<
    Record<string, { readonly value: number | readonly number[]; readonly unit: string }>
  >;
  readonly error?: object;
}

const lines = (): Line[] =>
  readFileSync(join(folder, 'profile_export.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

it.runIf(isThere)('the families, units and kinds are those of AIPerf', () => {
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  const families = new Map(
    [...goldenText('otel/otlp-decoded.txt').matchAll(/^ {4}([\w.]+) \| (\S+) \| (\w+) /gm)].map(
      ([, name = '', unit, kind]) => [name, `${unit} ${kind}`],
    ),
  );
  const ours = new Map(Array.from(collector.last(), ([name, { unit, kind }]) => [name, `${unit} ${kind}`]));
  expect(families.size).toBeGreaterThan(40);
  const missing = [...families].filter(([name, rest]) => ours.get(name) !== rest);
  expect(missing).toEqual([]);
});

it.runIf(isThere)('the resource and the attributes of points are those of AIPerf', () => {
  const decoded = goldenText('otel/otlp-decoded.txt');
  const keysOf = (text: string) => [...text.matchAll(/'([\w.]+)': /g)].map(([, key = '']) => key);
  const [resource = ''] = /resource \{.*\}/.exec(decoded) ?? [];
  const post = collector.posts.findLast(({ metrics }) => metrics.length > 0);
  expect(Object.keys(post?.resource ?? {}).sort()).toEqual(keysOf(resource).sort());
  for (const name of ['gen_ai.client.token.usage', 'aiperf.decode_duration', 'aiperf.timing.requests.sent']) {
    const [, attributes = ''] = new RegExp(`${name} .*? n 1 (\\{.*?\\})`).exec(decoded) ?? [];
    const [point] = collector.last().get(name)?.points ?? [];
    expect(Object.keys(point?.attributes ?? {}).sort(), name).toEqual(keysOf(attributes).sort());
  }
});

it.runIf(isThere)('counts and sums are those of the per-request file', () => {
  const byTag = new Map<string, { count: number; sum: number; unit: string }>();
  for (const { metrics } of lines())
    for (const [tag, { value, unit }] of Object.entries(metrics)) {
      const values = [value].flat();
      const { count = 0, sum = 0 } = byTag.get(tag) ?? {};
      const more = values.reduce((total, one) => total + one, 0);
      byTag.set(tag, { count: count + values.length, sum: sum + more, unit });
    }
  expect(byTag.size).toBeGreaterThan(30);
  const sent = collector.last();
  const seconds: Readonly<Record<string, string>> = {
    request_latency: 'gen_ai.client.operation.duration',
    time_to_first_token: 'gen_ai.client.operation.time_to_first_chunk',
    inter_token_latency: 'gen_ai.client.operation.time_per_output_chunk',
  };
  for (const [tag, { count, sum, unit }] of byTag) {
    if (tag === 'output_token_count') continue;
    const metric = sent.get(seconds[tag] ?? `aiperf.${tag}`);
    const factor =
      tag in seconds ? 1e-3 : metric?.unit === 'ns' && unit === 'ms' ? 1e6 : unit === 'KB' ? 1024 : 1;
    const points = metric?.points ?? [];
    expect(
      points.reduce((total, point) => total + (point.count ?? 0), 0),
      tag,
    ).toBe(count);
    const total = points.reduce((part, point) => part + (point.sum ?? 0), 0);
    expect(Math.abs(total - sum * factor) / Math.max(1e-9, Math.abs(total)), tag).toBeLessThan(1e-9);
    for (const point of points)
      expect(
        point.counts?.reduce((all, one) => all + one, 0),
        tag,
      ).toBe(point.count);
  }
});

it.runIf(isThere)('every request is a span at the times of the per-request file', () => {
  const spans = collector.posts.flatMap((post) => post.spans);
  const starts = new Map(spans.map(({ traceId, startNs }) => [traceId, startNs]));
  expect(spans).toHaveLength(10);
  for (const { metadata } of lines()) {
    const startNs = starts.get(metadata.x_request_id.replaceAll('-', ''));
    // JSON.parse rounds to 256 ns.
    expect(Math.abs(Number(startNs) - metadata.request_start_ns)).toBeLessThan(512);
  }
  expect(spans.filter(({ status }) => status === 2)).toHaveLength(2);
});

it.runIf(isThere)('MLflow gets the metrics, parameters and tags that AIPerf sends', () => {
  const run = mlflow.runs.get('run1');
  const ours = new Set(run?.metrics.map(({ key }) => key));
  const files = goldenText('mlflow/store-files.txt').split('\n');
  const namesIn = (kind: string) =>
    files.flatMap((file) => (file.startsWith(`RUN/${kind}/`) ? [file.slice(kind.length + 5)] : []));
  expect(namesIn('metrics').length).toBeGreaterThan(120);
  // GPUs are not measured here.
  const missing = namesIn('metrics').filter((name) => !ours.has(name) && !name.startsWith('nvidia_'));
  expect(missing).toEqual([]);
  expect(namesIn('params').filter((name) => !run?.params.has(name))).toEqual([]);
  // MLflow's own library sets the name of a run as a tag.
  expect(namesIn('tags').filter((name) => !run?.tags.has(name))).toEqual(['mlflow.runName']);
});

it.runIf(isThere)('mlflow_export.json has the keys of AIPerf, and MLflow the values of the summary', () => {
  const written = JSON.parse(readFileSync(join(folder, 'mlflow_export.json'), 'utf8'));
  const golden = JSON.parse(goldenText('mlflow/mlflow_export.cut.json'));
  expect(Object.keys(written)).toEqual(Object.keys(golden));
  expect(written.tag_keys).toEqual(golden.tag_keys);
  const values = new Map(mlflow.runs.get('run1')?.metrics.map(({ key, value }) => [key, value]));
  const summary = JSON.parse(readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8'));
  for (const stat of ['min', 'p50', 'p99', 'max', 'std', 'count'])
    expect(values.get(`request_latency.${stat}`), stat).toBe(summary.request_latency[stat]);
  expect(values.get('request_throughput')).toBe(summary.request_throughput.avg);
  expect([...(mlflow.runs.get('run1')?.files.keys() ?? [])]).toContain('exports/profile_export.jsonl');
});
