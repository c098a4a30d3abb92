import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  filesBelow,
  type Options,
  profileWords,
  type RecordLine,
  readJson,
  readRecords,
  startAiperf,
  temporaryFolder,
} from '../e2e/aiperf.js';
import { alwaysFails, type Behaviour, hostileLimits, startHostileServer } from './hostile-server.js';
import { type Workload, workloads } from './workload.js';

// AIPERF_HOSTILE_RUNS: how many runs, with another seed each time (`npm run test:hostile`: 1,000).
const asked = Number(process.env.AIPERF_HOSTILE_RUNS ?? 0);
const runs = asked || 16;
const lanes = 2;
// The longest of these runs takes some 5 s on an idle machine.
const LONGEST_MS = 120_000;
// Two seconds; the rest is for a machine whose cores others hold: the bench measures the time itself.
const LONGEST_AFTER_INTERRUPT_MS = 15_000;

describe('a run against a hostile server ends, and its requests add up', () => {
  it.concurrent.each(Array.from({ length: lanes }, (_, lane) => lane))(
    'lane %i',
    async (lane) => {
      const property = fc.asyncProperty(workloads, playAndCheck);
      // Each run is a process: what fails is shown as it was drawn, and not shrunk.
      const plan = { numRuns: Math.ceil(runs / lanes), endOnFailure: true };
      await fc.assert(property, asked > 0 ? plan : { ...plan, seed: 1000 + lane });
    },
    runs * 20_000,
  );
});

async function playAndCheck({ options, schedule, script, interruptMs }: Workload): Promise<void> {
  const folder = temporaryFolder();
  const server = await startHostileServer(script);
  try {
    const file = join(folder, 'schedule.jsonl');
    if (schedule !== undefined) writeFileSync(file, rows(schedule));
    const input: Options = schedule === undefined ? {} : { 'input-file': file };
    const { child, ended } = startAiperf(
      profileWords({
        ...{ ...options, ...input, url: server.url, 'artifact-dir': folder },
        'export-inputs': 'never',
      }),
      { env: hostileLimits },
    );
    let killed = false;
    const kill = () => {
      killed = child.kill('SIGKILL');
    };
    let guard = setTimeout(kill, LONGEST_MS);
    const interrupt = setTimeout(() => {
      child.kill('SIGINT');
      clearTimeout(guard);
      guard = setTimeout(kill, LONGEST_AFTER_INTERRUPT_MS);
    }, interruptMs ?? LONGEST_MS);
    // It comes only when stdout and stderr are closed: a process left behind would hold them open.
    const { code, signal, stdout, stderr } = await ended;
    clearTimeout(guard);
    clearTimeout(interrupt);
    expect(killed).toBe(false);
    expect(stdout).not.toContain('Do Not Add Up');
    const wasInterrupted = code === 130 || signal === 'SIGINT';
    expect(wasInterrupted && interruptMs === undefined).toBe(false);
    if (interruptMs === undefined) expect(stderr).toBe('');
    // It may have come before there was anything to keep, or after everything was written.
    if (wasInterrupted && server.requestIds.length === 0) return;
    const wasCut = stderr.includes('Cancellation in Progress');

    const records = readRecords(join(folder, 'profile_export.jsonl'));
    const warmupFile = join(folder, 'profile_export_warmup.jsonl');
    const warmup = existsSync(warmupFile) ? readRecords(warmupFile) : [];
    const good = records.filter(({ error }) => error === undefined);
    checkRecords(records, 'profiling');
    checkRecords(warmup, 'warmup');
    checkCounts(records, warmup, options, schedule, wasCut);
    if (!wasInterrupted) expect(code).toBe(good.length > 0 ? 0 : 1);
    if (!wasInterrupted || good.length > 0)
      checkSummary(readJson(join(folder, 'profile_export_aiperf.json')), records);

    checkTreatments([...records, ...warmup], server.treatments, options.transport === 'undici');
    checkSecret(String(options['api-key']), folder, stdout + stderr);

    // Nothing is sent twice, and nothing without a record.
    const known = new Set([...records, ...warmup].map(({ metadata }) => metadata.x_request_id));
    expect(known.size).toBe(records.length + warmup.length);
    expect(server.requestIds.filter((id) => !known.has(id))).toEqual([]);
    expect(new Set(server.requestIds).size).toBe(server.requestIds.length);
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the server did, the record says: no failure counts as a success, and no success as a failure of the server's. */
function checkTreatments(
  records: readonly RecordLine[],
  treatments: ReadonlyMap<string, Behaviour>,
  byUndici: boolean,
): void {
  // What a slow machine may make of an honest answer: it was given up before it was read.
  const ownDoing = ['TimeoutError', 'RequestCancellationError', 'RequestSendTimeout'];
  const wrong = records.flatMap(({ metadata, error }) => {
    const treatment = treatments.get(String(metadata.x_request_id));
    // Undici takes a 100 that nobody asked for as a broken response.
    if (treatment === undefined || (byUndici && treatment === 'continue')) return [];
    const fits = alwaysFails(treatment) ? error !== undefined : !error || ownDoing.includes(error.type);
    return fits ? [] : [[treatment, error]];
  });
  expect(wrong).toEqual([]);
}

/** No file and no stream holds the key, also where the server echoes it. */
function checkSecret(secret: string, folder: string, output: string): void {
  expect(output).not.toContain(secret);
  const holding = filesBelow(folder).filter((file) => readFileSync(join(folder, file)).includes(secret));
  expect(holding).toEqual([]);
}

/** Every number once, every record in one state, the turns of every session one after the other. */
function checkRecords(records: readonly RecordLine[], phase: string): void {
  const numbers = records.map(({ metadata }) => Number(metadata.session_num)).sort((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, place) => place));
  const sessions = new Map<unknown, RecordLine[]>();
  for (const record of records) {
    const { metadata, error } = record;
    expect(metadata.benchmark_phase).toBe(phase);
    expect(metadata.was_cancelled).toBe(error?.code === 499);
    expect(record.ns('request_end_ns') >= record.ns('request_start_ns')).toBe(true);
    expect(record.ns('request_start_ns') >= record.ns('credit_issued_ns')).toBe(true);
    const id = metadata.x_correlation_id;
    sessions.set(id, [...(sessions.get(id) ?? []), record]);
  }
  for (const session of sessions.values()) {
    session.sort((a, b) => Number(a.metadata.turn_index) - Number(b.metadata.turn_index));
    expect(session.map(({ metadata }) => metadata.turn_index)).toEqual(session.map((_, turn) => turn));
    for (const [place, record] of session.entries()) {
      const before = session[place - 1];
      if (before !== undefined)
        expect(record.ns('request_start_ns') >= before.ns('request_end_ns')).toBe(true);
    }
  }
}

/** As many as the options ask for. */
function checkCounts(
  records: readonly RecordLine[],
  warmup: readonly RecordLine[],
  options: Options,
  schedule: Workload['schedule'],
  wasCut: boolean,
): void {
  const number = (name: string) => (options[name] === undefined ? undefined : Number(options[name]));
  const [count, sessions, duration] = ['request-count', 'conversation-num', 'benchmark-duration'].map(number);
  const started = new Set(records.map(({ metadata }) => metadata.x_correlation_id)).size;
  expect(records.length).toBeLessThanOrEqual(count ?? Number.POSITIVE_INFINITY);
  expect(started).toBeLessThanOrEqual(sessions ?? Number.POSITIVE_INFINITY);
  if (duration === undefined && !wasCut) {
    if (schedule !== undefined) {
      const turns = schedule.slice(0, sessions).length;
      expect(started).toBeLessThanOrEqual(turns);
      const all = inOrder(schedule)
        .slice(0, sessions)
        .reduce((sum, session) => sum + session.length, 0);
      expect(records.length).toBe(Math.min(count ?? Number.POSITIVE_INFINITY, all));
    } else if (sessions === undefined) {
      const fallback = Math.max(10, 2 * (number('concurrency') ?? 0));
      expect(records.length).toBe(count ?? fallback);
    } else if (count === undefined) {
      expect(started).toBe(sessions);
    }
  }
  const warmupCount = number('warmup-request-count');
  expect(warmup.length).toBeLessThanOrEqual(warmupCount ?? Number.POSITIVE_INFINITY);
  if (wasCut) return;
  if (options['warmup-duration'] === undefined && options['num-warmup-sessions'] === undefined)
    expect(warmup.length).toBe(warmupCount ?? 0);
}

function checkSummary(
  summary: Readonly<Record<string, { avg?: number }>>,
  records: readonly RecordLine[],
): void {
  const count = (tag: string) => summary[tag]?.avg ?? 0;
  const failed = records.filter(({ error }) => error !== undefined);
  const cancelled = failed.filter(({ metadata }) => metadata.was_cancelled);
  expect(count('request_count')).toBe(records.length - failed.length);
  expect(count('error_request_count')).toBe(failed.length);
  expect(count('cancelled_request_count')).toBe(cancelled.length);
}

function rows(schedule: NonNullable<Workload['schedule']>): string {
  return schedule
    .map((turns, session) => {
      const said = turns.map((timing, turn) => ({ text: `session ${session} turn ${turn}`, ...timing }));
      return `${JSON.stringify({ session_id: `s${session}`, turns: said })}\n`;
    })
    .join('');
}

/** Sessions by their first time, ties in the order of the file. */
function inOrder(schedule: NonNullable<Workload['schedule']>) {
  return [...schedule].sort((a, b) => (a[0]?.timestamp ?? 0) - (b[0]?.timestamp ?? 0));
}
