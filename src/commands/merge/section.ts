import { type driftCodec, fellBehind, type ShardClock, type ShardsSection } from '../../run/shards.js';
import type { ValueOf } from '../../util/codec.js';
import { counted } from '../../util/counted.js';
import { andList } from '../../util/lists.js';
import { leadText, setText } from '../clock-words.js';

/** Requests of both phases. */
export interface PhaseRequests {
  readonly warmup: number;
  readonly profiling: number;
}

/** What is known of a shard when a run is put together. */
export interface ShardAccount {
  readonly index: number;
  readonly host?: string | undefined;
  /** Undefined: its folder is missing. */
  readonly records: PhaseRequests | undefined;
  /** Requests that it had to send, by phase; undefined where that depends on the server. */
  readonly due: { readonly [Phase in keyof PhaseRequests]?: number | undefined };
  /** Why it did not send all, by its own account. */
  readonly endedEarly?: string | undefined;
  /** It ended without a summary, and requests that were due have no record. */
  readonly isLost?: boolean | undefined;
  /** The start of the last request that has a record. */
  readonly lastSentAtNs?: bigint | undefined;
  readonly startedAtNs?: bigint | undefined;
  readonly verdict?: string | undefined;
  /** The processes that have sent its part, if one has joined in the place of another; undefined: none has. */
  readonly incarnations?: Row['incarnations'];
  /** A server's clock as it saw it; undefined: not measured. */
  readonly clock?: ShardClock | undefined;
  /** How its clocks changed during the run; undefined: it was killed before its end. */
  readonly drift?: ValueOf<typeof driftCodec> | undefined;
}

/** Two shards whose clocks differ. */
export interface ClocksApart {
  /** By how much they differ at least, ms. */
  readonly leastMs: number;
  /** How far both clocks are from that of a server: "shard 1 (b) is 60.0 s (± 1.0 s) behind …". */
  readonly text: string;
}

// Starts, and clocks, by NTP are closer.
const NOTABLE_SKEW_MS = 1000;

/**
 * How a run was put together from its shards: each request that was due has a record or is counted as missing, if the
 * number that was due is known.
 */
export function shardsSection(accounts: readonly ShardAccount[], planDigest: string): ShardsSection {
  const starts = accounts.flatMap(({ startedAtNs }) => startedAtNs ?? []);
  const firstNs = earliest(starts) ?? 0n;
  const shards = accounts.map((account) => rowOf(account, firstNs));
  const reasons = accounts.flatMap((account, place) =>
    reasonsOf(account, shards[place], { count: accounts.length, firstNs }),
  );
  const apart = clocksApart(accounts);
  if (apart !== undefined && apart.leastMs > NOTABLE_SKEW_MS) reasons.push(`clocks differ: ${apart.text}`);
  return {
    merge: reasons.length === 0 ? 'exact' : 'degraded',
    reasons,
    planDigest,
    count: accounts.length,
    startSkewMs: shards.reduce((most, { startSkewMs = 0 }) => Math.max(most, startSkewMs), 0),
    shards,
  };
}

/** The two shards whose clocks differ most for certain, held against that of the same server; undefined where none do. */
export function clocksApart(accounts: readonly ShardAccount[]): ClocksApart | undefined {
  type Extremes = Record<'behind' | 'ahead', { readonly account: ShardAccount; readonly clock: ShardClock }>;
  const extremes = new Map<string, Extremes>();
  const least = ({ offsetMs, errorMs }: ShardClock) => offsetMs - errorMs;
  const most = ({ offsetMs, errorMs }: ShardClock) => offsetMs + errorMs;
  for (const account of accounts) {
    const { clock } = account;
    if (clock === undefined) continue;
    const one = { account, clock };
    const { behind = one, ahead = one } = extremes.get(clock.server) ?? {};
    extremes.set(clock.server, {
      behind: least(clock) > least(behind.clock) ? one : behind,
      ahead: most(clock) < most(ahead.clock) ? one : ahead,
    });
  }
  let apart: ClocksApart | undefined;
  for (const [server, { behind, ahead }] of extremes) {
    const leastMs = least(behind.clock) - most(ahead.clock);
    if (leastMs <= (apart?.leastMs ?? 0)) continue;
    const lead = ({ account, clock }: Extremes['ahead']) =>
      `that of ${nameOf(account)} is ${leadText(clock)}`;
    apart = { leastMs, text: `${lead(behind)}, and ${lead(ahead)} the clock of ${server}` };
  }
  return apart;
}

/** The first of some instants; undefined for none. */
export function earliest(instants: readonly bigint[]): bigint | undefined {
  let first = instants[0];
  for (const at of instants) if (first === undefined || at < first) first = at;
  return first;
}

type Row = NonNullable<ShardsSection['shards']>[number];

function rowOf(
  {
    index,
    host,
    records,
    due,
    endedEarly,
    isLost = false,
    lastSentAtNs,
    startedAtNs,
    verdict,
    clock,
    drift,
    incarnations,
  }: ShardAccount,
  firstNs: bigint,
): Row {
  const missing = {
    warmup: missingOf(due.warmup, records?.warmup),
    profiling: missingOf(due.profiling, records?.profiling),
  };
  const isCut = isLost || endedEarly !== undefined || (missing.warmup ?? 0) + (missing.profiling ?? 0) > 0;
  return {
    shard: index,
    host,
    state:
      records === undefined
        ? 'missing'
        : incarnations !== undefined
          ? 'rejoined'
          : isLost || endedEarly !== undefined
            ? 'cut short'
            : isCut
              ? fellBehind
              : 'complete',
    records: records ?? { warmup: 0, profiling: 0 },
    due,
    missing,
    startedAtNs,
    startSkewMs: startedAtNs === undefined ? undefined : Number(startedAtNs - firstNs) / 1e6,
    clockOffsetMs: clock?.offsetMs,
    clockErrorMs: clock?.errorMs,
    clockDriftMs: drift?.wallMs,
    lostAtNs: isLost ? lastSentAtNs : undefined,
    incarnations,
    verdict,
  };
}

function missingOf(due: number | undefined, records = 0): number | undefined {
  return due === undefined ? undefined : Math.max(0, due - records);
}

function nameOf({ index, host }: ShardAccount): string {
  return host === undefined ? `shard ${index}` : `shard ${index} (${host})`;
}

function reasonsOf(
  account: ShardAccount,
  row: Row | undefined,
  { count, firstNs }: { readonly count: number; readonly firstNs: bigint },
): string[] {
  const { index, due } = account;
  const name = nameOf(account);
  const missing = row?.missing?.profiling;
  const without =
    missing === undefined
      ? 'how many requests it had to send depends on the server'
      : `${missing} of the ${counted(due.profiling ?? 0, 'request')} due from it have no record`;
  const reasons: string[] = [];
  if (row?.state === 'missing') reasons.push(`shard ${index} of ${count} is missing: ${without}`);
  else if (row?.state === 'cut short' || row?.state === fellBehind)
    reasons.push(`${name} ${whatHappened(account, firstNs)}: ${without}`);
  else if (row?.state === 'rejoined')
    reasons.push(`${rejoinText(account, firstNs)}: ${without}${leftOutText(account)}`);
  if ((row?.startSkewMs ?? 0) > NOTABLE_SKEW_MS)
    reasons.push(`${name} started ${((row?.startSkewMs ?? 0) / 1000).toFixed(1)} s after the first`);
  return [...reasons, ...driftReasons(name, account)];
}

function driftReasons(name: string, { drift = {}, clock }: ShardAccount): string[] {
  const { wallMs = 0, serverMs = 0, serverErrorMs = 0 } = drift;
  const reasons: string[] = [];
  if (Math.abs(wallMs) > NOTABLE_SKEW_MS)
    reasons.push(`${setText(wallMs)} on ${name} during the run, which its times do not follow`);
  if (Math.abs(serverMs) - serverErrorMs > NOTABLE_SKEW_MS)
    reasons.push(
      `the clocks of ${name} and ${clock?.server} drifted apart by ${seconds(serverMs)} (± ${seconds(serverErrorMs)}) during the run`,
    );
  return reasons;
}

function seconds(ms: number): string {
  return `${(Math.abs(ms) / 1000).toFixed(1)} s`;
}

/** Completes "shard 2 (host) …". */
function whatHappened({ isLost, lastSentAtNs, endedEarly }: ShardAccount, firstNs: bigint): string {
  if (isLost !== true)
    return endedEarly === undefined
      ? 'fell behind its schedule'
      : `was cut short (${endedEarly.replace(/\.$/, '')})`;
  if (lastSentAtNs === undefined) return 'was lost before its first record';
  return `was lost ${secondsAfter(firstNs, lastSentAtNs)} (last request with a record)`;
}

function secondsAfter(firstNs: bigint, atNs: bigint): string {
  return `${(Number(atNs - firstNs) / 1e9).toFixed(1)} s after the start`;
}

/** "shard 1 was lost, and another agent (b) joined 8.4 s after the start". */
function rejoinText({ index, incarnations = [] }: ShardAccount, firstNs: bigint): string {
  const joins = incarnations.flatMap(({ host = 'unknown host', joinedAtNs }) =>
    joinedAtNs === undefined ? [] : [`another agent (${host}) joined ${secondsAfter(firstNs, joinedAtNs)}`],
  );
  return `shard ${index} was lost, and ${andList(joins)}`;
}

function leftOutText({ incarnations = [] }: ShardAccount): string {
  const count = incarnations.reduce((sum, { leftOut }) => sum + (leftOut?.profiling ?? 0), 0);
  return count === 0
    ? ''
    : `; ${counted(count, 'request')} of an agent that went on when another one had joined ${count === 1 ? 'is' : 'are'} left out`;
}
