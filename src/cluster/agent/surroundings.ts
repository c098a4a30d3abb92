import type { Roof } from '../../fidelity/roof.js';
import type { PhaseName } from '../../records/record.js';
import type { WithheldCpu } from '../../run/withheld-cpu.js';
import type { ClockOrigin } from '../../util/clock.js';
import type { Log } from '../../util/log.js';
import type { JoinEntry } from '../messages.js';
import type { AgentNeeds } from '../plan/round-plan.js';

/** Which records a folder has. */
export interface ShardPlace {
  readonly shard: number;
  /** 1 for the first process that has held the shard; each that takes over adds 1. */
  readonly incarnation: number;
  /** Zero of the times in its spool. */
  readonly origin: ClockOrigin;
}

/** Where an incarnation of a shard has joined a measurement that had begun. */
export interface JoinedAt extends Pick<JoinEntry, 'atNs'> {
  readonly phase: PhaseName;
  /** Of the processes before it, requests with a `session_num` below this count, if they were due before. */
  readonly numbersBelow: number;
}

/** What an agent needs of its process. */
export interface AgentSurroundings {
  readonly nowMs: () => number;
  readonly log: Log;
  /** Load threads and connections of this machine. @throws UserError if it cannot carry its part. */
  readonly room: (needs: AgentNeeds) => { readonly threads: number; readonly connectionsPerThread: number };
  /** Makes the folder of a shard's records, from which a report can be made without NATS. @returns its spool. */
  readonly makeFolder: (folder: string, place: ShardPlace, kept: unknown) => string;
  /** Notes in such a folder where its process has joined the measurement. */
  readonly noteJoin: (folder: string, place: ShardPlace, kept: unknown, join: JoinedAt) => void;
  /** Starts to watch the CPU time that is withheld from this process. @returns what was withheld since. */
  readonly watchWithheldCpu: () => () => WithheldCpu;
  /** Reads the client limit of this machine; undefined: it was not measured. */
  readonly readRoof: () => Roof | undefined;
  /** Removes what `makeFolder` made, with the records. */
  readonly removeFolder: (folder: string) => void;
  /** Aborted when the agent is to end, by the signal that is its reason. */
  readonly ending: AbortSignal & { readonly reason: NodeJS.Signals };
}
