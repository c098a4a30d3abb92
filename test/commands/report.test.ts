import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import { type RunFacts, runConfigJson } from '../../src/run/facts.js';
import {
  aiperf,
  filesBelow,
  profileWords,
  type RecordLine,
  readJson,
  readRecords,
  startAiperf,
  temporaryFolder,
} from '../e2e/aiperf.js';
import { goldenIsThere } from '../metrics/golden.js';
import { wideAiperf } from './in-process.js';

const report = (...argv: string[]) => wideAiperf('report', ...argv);

/** The sentences of an error panel. */
async function refusal(...argv: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await report(...argv);
  expect([code, stdout]).toEqual([1, '']);
  return stderr
    .split('\n')
    .slice(1, -2)
    .map((line) => line.replace(/^│ (.*?) *│$/, '$1'));
}

type Summary = Record<string, unknown>;

/** What differs between two summaries: text exactly, numbers by more than `digits` of their size. */
function differences(ours: unknown, theirs: unknown, at = '', digits = 1e-12): string[] {
  if (typeof ours === 'number' && typeof theirs === 'number') {
    return Math.abs(ours - theirs) <= digits * Math.abs(theirs) ? [] : [`${at}: ${ours} for ${theirs}`];
  }
  if (typeof ours !== 'object' || typeof theirs !== 'object' || ours === null || theirs === null) {
    return ours === theirs ? [] : [`${at}: ${ours} for ${theirs}`];
  }
  const [a, b] = [new Map(Object.entries(ours)), new Map(Object.entries(theirs))];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) =>
    differences(a.get(key), b.get(key), `${at}/${key}`, digits),
  );
}

describe.runIf(goldenIsThere).each(['think', 'turns'])("AIPerf's own run %s", (run) => {
  it('comes to the statistics of its own summary', async () => {
    const folder = temporaryFolder();
    const golden = fileURLToPath(new URL(`../../../shared/reference/golden/${run}/`, import.meta.url));
    cpSync(join(golden, 'profile_export.jsonl'), join(folder, 'profile_export.jsonl'));
    const theirs: Summary = readJson(join(golden, 'profile_export_aiperf.json'));
    expect((await report(folder)).code).toBe(0);
    const ours: Summary = readJson(join(folder, 'profile_export_aiperf.json'));
    // Rates are over another window there, and lateness and duration are kept in steps of 256 ns.
    const differs = /^(request|output_token|input_token|total_token)_throughput$|^benchmark_duration$/;
    const tags = Object.keys(ours).filter(
      (tag) =>
        /unit/.test(JSON.stringify(ours[tag])) &&
        !differs.test(tag) &&
        // Curves are over another window there, and efficiency is shown to its developers only; later versions have
        // those of full responses. Those of sessions are ours.
        !/^(full_\w+|sessions|session_\w+|e2e_latency_\w+|e2e_normalized_\w+|credit_to_start_latency|effective_\w+|active_\w+|tokens_in_flight|\w*thinking_efficiency)$/.test(
          tag,
        ),
    );
    expect(tags.length).toBeGreaterThan(40);
    for (const tag of tags.filter((key) => key !== 'input_config')) {
      expect(differences(ours[tag], theirs[tag], tag)).toEqual([]);
    }
    const durations = [ours, theirs].map(({ benchmark_duration: duration }) => JSON.stringify(duration));
    const [our = 0, their = 0] = durations.map((text) => Number(/"avg":([\d.]+)/.exec(text)?.[1]));
    expect(Math.abs(our - their)).toBeLessThan(512e-9);
  });
});

describe('a run of ours', () => {
  let server: MockServer;
  const profile = (folder: string, options: Readonly<Record<string, string | number>> = {}) =>
    profileWords({
      ...{ model: 'm', tokenizer: 'builtin', url: `http://127.0.0.1:${server.port}`, streaming: true },
      ...{ concurrency: 8, isl: 60, 'isl-stddev': 20, osl: 12, 'random-seed': 5 },
      ...{ 'artifact-dir': folder, ...options },
    });
  beforeAll(async () => {
    server = await startMockServer({
      ...{
        port: 0,
        ttftMs: 15,
        itlMs: 2,
        itlJitter: 0.9,
        reasoningTokens: 3,
        fail: 7,
        midfail: 11,
        slots: 6,
      },
      ...{ outputTokens: 10, outputStddev: 4 },
    });
  });
  afterAll(() => server.close());

  describe('that ended', () => {
    let folder: string;
    let ended: { stdout: string };
    const names = ['profile_export_aiperf.json', 'profile_export_aiperf.csv', 'profile_export_console.txt'];
    const contents = () => names.map((name) => readFileSync(join(folder, name), 'utf8'));
    beforeAll(async () => {
      folder = temporaryFolder();
      const run = await aiperf(profile(folder, { 'request-count': 100 }));
      expect(run).toMatchObject({ code: 0 });
      ended = run;
    });

    it('is shown again as it was, and nothing is overwritten', async () => {
      const before = contents();
      const inodes = names.map((name) => statSync(join(folder, name)).ino);
      const { code, stdout, stderr } = await report(folder);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toBe(ended.stdout);
      expect(contents()).toEqual(before);
      expect(names.map((name) => statSync(join(folder, name)).ino)).toEqual(inodes);
    });

    it('--rewrite makes the same files again', async () => {
      const [json = '', csv, console] = contents();
      for (const name of names.slice(1)) rmSync(join(folder, name));
      expect((await report(folder, '--rewrite')).code).toBe(0);
      const [newJson = '', newCsv, newConsole] = contents();
      expect([newCsv, newConsole]).toEqual([csv, console]);
      expect(Object.keys(JSON.parse(newJson))).toEqual(Object.keys(JSON.parse(json)));
      const found = differences(JSON.parse(newJson), JSON.parse(json));
      // A deviation is known to the digits of the values that it is worked out from, not to its own.
      expect(found.filter((text) => !/\/std:/.test(text))).toEqual([]);
      expect(differences(JSON.parse(newJson), JSON.parse(json), '', 1e-9)).toEqual([]);
    });

    it('half a summary is none', async () => {
      const other = temporaryFolder();
      cpSync(folder, other, { recursive: true });
      const json = readFileSync(join(other, 'profile_export_aiperf.json'), 'utf8');
      writeFileSync(join(other, 'profile_export_aiperf.json'), json.slice(0, 500));
      const { code, stdout } = await report(other);
      expect(code).toBe(0);
      expect(stdout).toContain('\nThe run ended without a summary: 100 records were recovered.\n');
      expect(readJson(join(other, 'profile_export_aiperf.json')).is_complete).toBe(false);
    });

    it("an earlier run's summary is not this one's", async () => {
      const other = temporaryFolder();
      cpSync(folder, other, { recursive: true });
      const config: RunFacts = {
        benchmarkId: '0123456789ab',
        title: 'Some Other Metrics',
        ...{ oslMismatchPct: 1000, oslMismatchTokens: 1000, usageDiffPct: 1000 },
        randomSeed: 5,
        command: "aiperf profile --model 'm'",
        inputConfig: { models: { items: [{ name: 'm' }] } },
      };
      const write = (recordsFile: string) =>
        writeFileSync(
          join(other, 'run_config.json'),
          runConfigJson({ ...config, folder: other, recordsFile }),
        );
      write('profile_export.jsonl');
      const { stdout } = await report(other);
      expect(stdout).toContain('AIPerf | INCOMPLETE RESULTS');
      expect(stdout).toContain('AIPerf | Some Other Metrics');
      expect(stdout).not.toContain('Mismatch Warning');
      expect(stdout).toContain("CLI Command: aiperf profile --model 'm'\n");
      expect(readJson(join(other, 'profile_export_aiperf.json'))).toMatchObject({
        benchmark_id: '0123456789ab',
        input_config: { models: { items: [{ name: 'm' }] } },
        run_info: { random_seed: 5, cli_command: "aiperf profile --model 'm'" },
        osl_mismatch_count: { avg: 0 },
        usage_discrepancy_count: { avg: 0 },
      });
      // What another run in the same folder said, one with other file names, is not this one's either.
      write('foo.jsonl');
      expect((await report(other)).stdout).toContain('AIPerf | LLM Metrics');
    });
  });

  it('that was killed in the middle', async () => {
    const folder = temporaryFolder();
    const { child, ended } = startAiperf(
      profile(folder, { 'request-count': 100_000, 'num-dataset-entries': 50 }),
    );
    const path = join(folder, 'profile_export.jsonl');
    const size = () => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    while (size() < 200_000 && child.exitCode === null) await sleep(20);
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    expect(filesBelow(folder)).not.toContain('profile_export_aiperf.json');

    // Runs of AIPerf leave no spool; test/e2e/spool.test.ts has those that do.
    rmSync(join(folder, 'spool'), { recursive: true });
    // The last line as a kill in the middle of a write leaves it.
    const text = readFileSync(path, 'utf8');
    const wholeText = text.slice(0, text.lastIndexOf('\n') + 1);
    writeFileSync(path, `${wholeText}${wholeText.slice(0, 700)}`);
    const whole = join(temporaryFolder(), 'whole.jsonl');
    writeFileSync(whole, wholeText);
    const records = readRecords(whole);
    const valid = records.filter(({ error }) => error === undefined);
    expect(valid.length).toBeGreaterThan(30);

    const { code, stdout, stderr } = await aiperf(['report', folder]);
    expect([code, stderr]).toEqual([0, 'The last line of the records is cut off: 1 record is skipped.\n']);
    const reason = `The run ended without a summary: ${records.length} records were recovered.`;
    expect(stdout).toContain(`\n\nAIPerf | INCOMPLETE RESULTS\n${reason}\n`);
    expect(stdout).toContain('AIPerf | LLM Metrics');
    expect(stdout).toContain(
      `Success Rate: ${Math.round((100 * valid.length) / records.length)}% (${records.length - valid.length} errors)`,
    );
    for (const name of ['profile_export_aiperf.csv', 'profile_export_aiperf.json', 'profile_export.jsonl'])
      expect(stdout).toContain(` ${join(folder, name)}\n`);

    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    expect(summary).toMatchObject({ is_complete: false, was_cancelled: false, incomplete_reason: reason });
    expectByHand(summary, records, valid);
    const csv = readFileSync(join(folder, 'profile_export_aiperf.csv'), 'utf8');
    expect(csv).toContain(`\r\nRequest Count,${valid.length}.00\r\n`);
    const console = readFileSync(join(folder, 'profile_export_console.txt'), 'utf8');
    expect(stdout.startsWith(console)).toBe(true);

    // A second report finds the summary of the first.
    const again = await aiperf(['report', folder]);
    expect(again.stdout).toBe(stdout);
  });
});

/** Figures of a summary worked out from the lines in plain arithmetic. */
function expectByHand(
  summary: Record<string, Record<string, number>>,
  records: RecordLine[],
  valid: RecordLine[],
): void {
  const near = (tag: string, name: string, expected: number) =>
    expect(Math.abs((summary[tag]?.[name] ?? Number.NaN) - expected), `${tag} ${name}`).toBeLessThanOrEqual(
      1e-12 * expected,
    );
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const valuesOf = (tag: string) =>
    valid.flatMap(({ metrics }) => metrics[tag]?.value ?? []).sort((a, b) => a - b);
  for (const tag of [
    'request_latency',
    'time_to_first_token',
    'inter_token_latency',
    'inter_chunk_latency',
  ]) {
    const values = valuesOf(tag);
    near(tag, 'count', values.length);
    near(tag, 'avg', sum(values) / values.length);
    const place = 0.9 * (values.length - 1);
    const [low = 0, high = low] = values.slice(Math.floor(place), Math.floor(place) + 2);
    near(tag, 'p90', low + (place - Math.floor(place)) * (high - low));
    near(tag, 'max', values.at(-1) ?? 0);
  }
  const firstNs = valid.map((record) => record.ns('request_start_ns')).sort((a, b) => Number(a - b))[0] ?? 0n;
  const seconds =
    Math.max(
      ...valid.map(
        (record) =>
          Number(record.ns('request_start_ns') - firstNs) / 1e6 +
          Number(record.metrics.request_latency?.value),
      ),
    ) / 1000;
  near('benchmark_duration', 'avg', seconds);
  near('request_count', 'avg', valid.length);
  near('error_request_count', 'avg', records.length - valid.length);
  near('request_throughput', 'avg', valid.length / seconds);
  near('output_token_throughput', 'avg', sum(valuesOf('output_sequence_length')) / seconds);
  near('total_isl', 'avg', sum(valuesOf('input_sequence_length')));
}

describe('what cannot be reported', () => {
  const hint = 'Name the artifact directory of a run: the folder that holds its profile_export.jsonl.';
  const line =
    '{"metadata":{"request_start_ns":1,"request_end_ns":9},"metrics":{"request_latency":{"value":1.0,"unit":"ms"}}}\n';

  it('no word, two words', async () => {
    expect(await refusal()).toEqual(['<dir> is required: name the artifact directory of a run.']);
    expect(await refusal('a', '--rewrite', 'b')).toEqual([
      '2 folders are named, and a report on the console is that of one.',
      'Several runs stand side by side on a page: --html report.html.',
    ]);
  });

  it('no folder', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), line);
    expect(await refusal(join(folder, 'nosuch'))).toEqual([`There is no folder '${folder}/nosuch'.`, hint]);
    expect(await refusal(join(folder, 'file'))).toEqual([`'${folder}/file' is a file, not a folder.`, hint]);
  });

  it('a folder without records: says what it holds, and where records are', async () => {
    const folder = temporaryFolder();
    const missing = `There is no profile_export.jsonl in '${folder}'`;
    expect(await refusal(folder)).toEqual([
      `${missing}: it is empty.`,
      'Runs leave it with --export-level records (the default) or raw.',
    ]);
    writeFileSync(join(folder, 'inputs.json'), '{}');
    writeFileSync(join(folder, 'foo.jsonl'), line);
    expect(await refusal(folder)).toEqual([
      `${missing}: it holds foo.jsonl and inputs.json.`,
      'Files with another name are found with --profile-export-prefix, e.g. foo.',
    ]);
    mkdirSync(join(folder, 'concurrency_2'));
    writeFileSync(join(folder, 'concurrency_2', 'profile_export.jsonl'), line);
    expect(await refusal(folder)).toEqual([
      `${missing}: it holds concurrency_2/, foo.jsonl and inputs.json.`,
      `Name a folder in it that holds one, e.g. '${folder}/concurrency_2'.`,
    ]);

    const { code, stdout } = await report(folder, '--profile-export-prefix', 'foo_raw.jsonl');
    expect(code).toBe(0);
    expect(stdout).toContain('\nThe run ended without a summary: 1 record was recovered.\n');
    expect(filesBelow(folder)).toEqual([
      'concurrency_2/profile_export.jsonl',
      ...['foo.csv', 'foo.json', 'foo.jsonl', 'foo_console.txt', 'inputs.json'],
    ]);
  });

  it('records without a profiling request, and a line that is none', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'profile_export.jsonl');
    writeFileSync(path, line.replace('"request_start_ns"', '"benchmark_phase":"warmup","request_start_ns"'));
    expect(await refusal(folder)).toEqual([
      `${path} holds no record of a profiling request.`,
      'The run ended before its first answer: there is nothing to report.',
    ]);
    writeFileSync(path, `${line}{"metadata"\n${line}`);
    const [first] = await refusal(folder);
    expect(first).toMatch(`${path}:2: this line is not a record of a request: `);
    expect(filesBelow(folder)).toEqual(['profile_export.jsonl']);
  });

  it('only failures: shown and written, with exit code 1', async () => {
    const folder = temporaryFolder();
    const error = '"error":{"code":400,"type":"Bad Request","message":"no"}';
    writeFileSync(
      join(folder, 'profile_export.jsonl'),
      `{"metadata":{"request_start_ns":1},"metrics":{},${error}}\n`.repeat(3),
    );
    const { code, stdout } = await report(folder);
    expect(code).toBe(1);
    expect(stdout).toMatch(/│ {2}400 │ Bad Request │ no {6}│ {5}3 │/);
    expect(stdout).toContain('No request had succeeded by then.');
    const files = [
      'profile_export.jsonl',
      'profile_export_aiperf.csv',
      'profile_export_aiperf.json',
      'profile_export_console.txt',
    ];
    expect(filesBelow(folder)).toEqual(files);
    const page = join(folder, 'report.html');
    const written = await report(folder, '--html', page);
    expect([written.code, written.stderr]).toEqual([1, '']);
    expect(written.stdout).toContain(`HTML Report: ${page}\n`);
    expect(filesBelow(folder)).toEqual([...files, 'report.html']);
  });

  it('a folder that cannot be written to: the table all the same, and exit code 1', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'profile_export.jsonl'), line);
    // A folder in the place of a file cannot be replaced by one, whoever tries.
    mkdirSync(join(folder, 'profile_export_aiperf.csv', 'full'), { recursive: true });
    const { code, stdout, stderr } = await report(folder);
    expect(code).toBe(1);
    expect(stdout).toContain('Request Latency (ms)');
    expect(stderr).toMatch(/^.*profile_export_aiperf\.csv could not be written: .*\n$/);
    expect(filesBelow(folder)).toEqual([
      'profile_export.jsonl',
      'profile_export_aiperf.json',
      'profile_export_console.txt',
    ]);
  });
});
