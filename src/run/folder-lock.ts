import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, linkSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../util/errors.js';
import { isObject } from '../util/json.js';
import { startOf } from '../util/process-identity.js';

/** File that names the process that writes into the folder. */
const lockName = '.aiperf.lock';

/** Maximum levels between a sweep's folder and those of its runs: `profile_runs/trial_0001/concurrency_2`. */
const MAX_RUN_DEPTH = 3;

/** The process that holds a folder. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Time of the lock, ISO 8601. */
  readonly since: string;
  /** Whether it also holds the folders of its runs below this one. */
  readonly holdsBelow: boolean;
  /** Id of the run over NATS that it coordinates; undefined: none. */
  readonly run: string | undefined;
}

/** Content of the file: `started` distinguishes the process from a later one of the same number. */
interface Stored extends Holder {
  readonly id: string;
  readonly started: string | undefined;
}

/** A run over NATS: only one coordinator at a time holds its lease. */
export interface LeasedRun {
  readonly id: string;
  /** Whether this process holds the lease: no other one may then write results of the run. */
  readonly isHeld: boolean;
}

/** The lock of this process on a folder. */
export interface FolderLock {
  release(): void;
}

/**
 * Locks a folder for this process, so that no other run writes into it. The lock of a dead process is taken over, and
 * that of a run whose lease this process holds, also from another machine.
 * @param folder must exist. @param holdsBelow also lock the folders of the runs below it, as a sweep needs.
 * @throws UserError naming the process that holds it.
 */
export function lockFolder(folder: string, holdsBelow: boolean, run?: LeasedRun): FolderLock {
  let above = folder;
  for (let i = 0; i < MAX_RUN_DEPTH && dirname(above) !== above; i++) {
    above = dirname(above);
    const sweep = holderOf(above);
    if (sweep?.holdsBelow) throw inUse(above, sweep);
  }
  const path = join(folder, lockName);
  const id = randomBytes(8).toString('hex');
  const own: Stored = {
    ...{ id, pid: process.pid, host: hostname(), since: new Date().toISOString(), holdsBelow },
    ...{ run: run?.id, started: startOf(process.pid) },
  };
  take(path, own, folder, (found) => isDead(found) || (run?.isHeld === true && found.run === run.id));
  const release = () => {
    process.off('exit', release);
    if (lockIn(path)?.id === id) rmSync(path, { force: true });
  };
  process.once('exit', release);
  return { release };
}

/** The other process that holds a folder; undefined if there is none. */
export function holderOf(folder: string): Holder | undefined {
  const stored = lockIn(join(folder, lockName));
  return stored === undefined || isOwn(stored) || isDead(stored) ? undefined : stored;
}

/** Whether this process holds the folder. */
export function isHeldHere(folder: string): boolean {
  const stored = lockIn(join(folder, lockName));
  return stored !== undefined && isOwn(stored);
}

/** Removes the lock of a dead process from a folder. */
export function removeDeadLock(folder: string): void {
  const path = join(folder, lockName);
  const stored = lockIn(path);
  if (stored !== undefined && isDead(stored)) rmSync(path, { force: true });
}

/** `process 4711 on host-a, since 2026-01-01T00:00:00.000Z`. */
export function described({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host}, since ${since}`;
}

/** The error for a folder that another run holds. */
export function inUse(folder: string, holder: Holder): UserError {
  return new UserError(
    `Another run is writing into ${folder}: ${described(holder)}.`,
    holder.host === hostname()
      ? 'Wait until it ends, or name another folder with --artifact-dir.'
      : `Name another folder with --artifact-dir. If that process no longer runs, delete ${join(folder, lockName)}.`,
  );
}

/** @param isFree whether the process of a lock holds the folder no longer. */
function take(path: string, own: Stored, folder: string, isFree: (found: Stored) => boolean): void {
  // A link appears atomically with its complete content, and fails if the name exists.
  const ownFile = `${path}.${own.id}`;
  try {
    writeFileSync(ownFile, `${JSON.stringify(own)}\n`, { flag: 'wx' });
    while (!linked(ownFile, path)) {
      const found = read(path);
      if (found === 'no lock') rmSync(path);
      else if (found !== undefined && !isFree(found)) throw inUse(folder, found);
      else if (found !== undefined) takeOver(path, found, ownFile, isFree);
    }
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(
      `${folder} cannot be locked for this run: ${messageOf(thrown)}.`,
      'Name a folder that can be written to with --artifact-dir.',
    );
  } finally {
    rmSync(ownFile, { force: true });
  }
}

/**
 * Replaces a lock that is free. Of several processes that find the same one only one may do so: the one that links the
 * claim, whose name contains the id of that lock.
 */
function takeOver(path: string, free: Stored, ownFile: string, isFree: (found: Stored) => boolean): void {
  const claim = `${path}.${free.id}.claim`;
  if (!linked(ownFile, claim)) {
    const claimant = lockIn(claim);
    if (claimant !== undefined && isFree(claimant)) rmSync(claim, { force: true });
    return;
  }
  try {
    // Only the owner of the claim may remove that lock; a newer one stays.
    if (lockIn(path)?.id === free.id) rmSync(path, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
}

/** Gives a file a second name. @returns false if the name exists. */
function linked(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'EEXIST') return false;
    if (code === undefined || !['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw thrown;
  }
  // The file system does not support links.
  try {
    copyFileSync(file, name, constants.COPYFILE_EXCL);
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

function lockIn(path: string): Stored | undefined {
  const found = read(path);
  return found === 'no lock' ? undefined : found;
}

/** Undefined if the file does not exist. */
function read(path: string): Stored | 'no lock' | undefined {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return undefined;
  if (!entry.isFile()) return 'no lock';
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isObject(json)) return 'no lock';
    const { id, pid, host, since, started, holdsBelow, run } = json;
    if (typeof id !== 'string' || typeof pid !== 'number' || typeof host !== 'string') return 'no lock';
    return {
      ...{ id, pid, host, since: String(since), holdsBelow: holdsBelow === true },
      started: typeof started === 'string' ? started : undefined,
      run: typeof run === 'string' ? run : undefined,
    };
  } catch (thrown) {
    return codeOf(thrown) === 'ENOENT' ? undefined : 'no lock';
  }
}

function isOwn({ pid, host, started }: Stored): boolean {
  return pid === process.pid && host === hostname() && started === startOf(pid);
}

/** A process on another machine cannot be checked: it counts as alive. */
function isDead({ pid, host, started }: Stored): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // EPERM: the process belongs to another user.
    return codeOf(thrown) === 'ESRCH';
  }
  return started !== undefined && started !== startOf(pid);
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}
