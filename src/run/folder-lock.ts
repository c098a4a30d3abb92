import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, linkSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../util/errors.js';
import { isObject } from '../util/json.js';

/** File that names the process which writes into the folder. */
const lockName = '.aiperf.lock';

/** Most levels between a sweep's folder and those of its runs: `profile_runs/trial_0001/concurrency_2`. */
const DEEPEST_RUN = 3;

/** Who holds a folder. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When it took the folder, ISO 8601. */
  readonly since: string;
  /** It holds the folders of its runs below this one, too. */
  readonly holdsBelow: boolean;
}

/** Content of the file: `started` distinguishes the process from a later one of the same number. */
interface Stored extends Holder {
  readonly id: string;
  readonly started: string | undefined;
}

/** The folder as long as this process has it. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes a folder for this process, so that no other run writes into it. The lock of a process that no longer lives is
 * taken over.
 * @param folder must be there. @param holdsBelow also the folders of the runs below it, as a sweep needs them.
 * @throws UserError naming the process that has it.
 */
export function lockFolder(folder: string, holdsBelow: boolean): FolderLock {
  let above = folder;
  for (let i = 0; i < DEEPEST_RUN && dirname(above) !== above; i++) {
    above = dirname(above);
    const sweep = holderOf(above);
    if (sweep?.holdsBelow) throw inUse(above, sweep);
  }
  const path = join(folder, lockName);
  const id = randomBytes(8).toString('hex');
  const own: Stored = {
    ...{ id, pid: process.pid, host: hostname(), since: new Date().toISOString(), holdsBelow },
    started: startOf(process.pid),
  };
  take(path, own, folder);
  const release = () => {
    process.off('exit', release);
    if (lockIn(path)?.id === id) rmSync(path, { force: true });
  };
  process.once('exit', release);
  return { release };
}

/** The other process that is writing into a folder; undefined where there is none. */
export function holderOf(folder: string): Holder | undefined {
  const stored = lockIn(join(folder, lockName));
  return stored === undefined || isOwn(stored) || isDead(stored) ? undefined : stored;
}

/** Whether this process has the folder. */
export function isHeldHere(folder: string): boolean {
  const stored = lockIn(join(folder, lockName));
  return stored !== undefined && isOwn(stored);
}

/** Removes the lock that a process which no longer lives left in a folder. */
export function removeDeadLock(folder: string): void {
  const path = join(folder, lockName);
  const stored = lockIn(path);
  if (stored !== undefined && isDead(stored)) rmSync(path, { force: true });
}

/** `process 4711 on host-a, since 2026-01-01T00:00:00.000Z`. */
export function described({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host}, since ${since}`;
}

/** What to tell a user whose folder is another run's. */
export function inUse(folder: string, holder: Holder): UserError {
  return new UserError(
    `Another run is writing into ${folder}: ${described(holder)}.`,
    holder.host === hostname()
      ? 'Wait until it ends, or name another folder with --artifact-dir.'
      : `Name another folder with --artifact-dir. If that process no longer runs, delete ${join(folder, lockName)}.`,
  );
}

function take(path: string, own: Stored, folder: string): void {
  // A link appears at once with its whole content, and fails where something has its name.
  const mine = `${path}.${own.id}`;
  try {
    writeFileSync(mine, `${JSON.stringify(own)}\n`, { flag: 'wx' });
    while (!linked(mine, path)) {
      const found = read(path);
      if (found === 'no lock') rmSync(path);
      else if (found !== undefined && !isDead(found)) throw inUse(folder, found);
      else if (found !== undefined) takeOver(path, found, mine);
    }
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(
      `${folder} cannot be locked for this run: ${messageOf(thrown)}.`,
      'Name a folder that can be written to with --artifact-dir.',
    );
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * Puts the lock in place of a dead one. Of several processes that find the same dead lock one may do so: the one that
 * links the claim, whose name is the dead lock's own.
 */
function takeOver(path: string, dead: Stored, mine: string): void {
  const claim = `${path}.${dead.id}.claim`;
  if (!linked(mine, claim)) {
    const claimant = lockIn(claim);
    if (claimant !== undefined && isDead(claimant)) rmSync(claim, { force: true });
    return;
  }
  try {
    // Only the owner of the claim may remove this very lock; a newer one stays.
    if (lockIn(path)?.id === dead.id) rmSync(path, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
}

/** Gives a file a second name. @returns false where something has that name. */
function linked(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'EEXIST') return false;
    if (code === undefined || !['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw thrown;
  }
  // A file system without links.
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

/** Undefined where nothing has that name. */
function read(path: string): Stored | 'no lock' | undefined {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return undefined;
  if (!entry.isFile()) return 'no lock';
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isObject(json)) return 'no lock';
    const { id, pid, host, since, started, holdsBelow } = json;
    if (typeof id !== 'string' || typeof pid !== 'number' || typeof host !== 'string') return 'no lock';
    return {
      ...{ id, pid, host, since: String(since), holdsBelow: holdsBelow === true },
      started: typeof started === 'string' ? started : undefined,
    };
  } catch (thrown) {
    return codeOf(thrown) === 'ENOENT' ? undefined : 'no lock';
  }
}

function isOwn({ pid, host, started }: Stored): boolean {
  return pid === process.pid && host === hostname() && started === startOf(pid);
}

/** Nobody can tell of a process on another machine: it counts as living. */
function isDead({ pid, host, started }: Stored): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // EPERM: it is another user's.
    return codeOf(thrown) === 'ESRCH';
  }
  const now = startOf(pid);
  return started !== undefined && now !== undefined && started !== now;
}

/** When a process was started, by the clock of the kernel; undefined where the system does not say, or it has ended. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets, and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}
