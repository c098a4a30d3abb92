import { rmSync } from 'node:fs';
import { endedEntry, readMessage } from '../messages.js';
import { keys } from '../names.js';
import type { JoinedRun } from './joined-run.js';
import type { AgentSurroundings } from './surroundings.js';

/** A round that an agent took part in. */
export interface PlayedRound {
  readonly round: number;
  /** Of its records. */
  readonly folder: string;
  /** Whether NATS has stored all of them. */
  readonly isSealed: boolean;
}

/** Removes the records of a round that is over, unless its results lack some of them. */
export function settleRound(
  { runKeys, shard, lease }: JoinedRun,
  { round, folder, isSealed }: PlayedRound,
  surroundings: Pick<AgentSurroundings, 'removeFolder' | 'log'>,
): void {
  const text = runKeys.textOf(keys.ended(round));
  const { unsealed = [] } = text === undefined ? {} : readMessage(endedEntry, text);
  const isMissed = unsealed.some((part) => part.shard === shard && part.incarnation === lease.incarnation);
  if (isSealed && !isMissed) {
    discardRound(folder, surroundings);
    return;
  }
  surroundings.log(
    'ERROR',
    'agent',
    `the results lack records of this shard, which had not been handed over: all of them are kept in ${folder}. Show them with: aiperf report ${folder}`,
  );
}

/** Removes what a round has left on this machine. @param folder of its records. */
export function discardRound(
  folder: string,
  { removeFolder }: Pick<AgentSurroundings, 'removeFolder'>,
): void {
  removeFolder(folder);
  rmSync(filesFolder(folder), { recursive: true, force: true });
}

/** Where files of the plan are that this machine lacked. @param records folder of the round's records. */
export function filesFolder(records: string): string {
  return `${records}-files`;
}

/** Where the records of a run are that is not over for the coordinator. @param isLost whether NATS has lost it. */
export function keptText({ folder }: PlayedRound, isLost: boolean): string {
  const how = `Merge the folders of all shards with: aiperf merge ${folder} … --artifact-dir DIR`;
  return `${isLost ? 'NATS has lost the run: ' : ''}the records of this shard are kept in ${folder}. ${how}`;
}
