import type { Snapshot } from '../../collect/snapshot.js';
import type { ThreadHealth } from '../../collect/thread-health.js';
import type { Printable } from '../../util/python-json.js';
import { type ShardHealth, shardHealth } from '../shard-health.js';

/** Share of a core above which AIPerf calls the load of a worker high. */
const HIGH_LOAD = 0.85;

/** `/api/workers`: each load thread is a worker; those of a machine are a group. */
export function workersBody(snapshot: Pick<Snapshot, 'shards' | 'threads'> | undefined): Printable {
  const { threads = [], shards } = snapshot ?? {};
  const groups =
    shards === undefined
      ? [groupBody('local', threads)]
      : shardHealth({ threads, shards }).map((shard) => ({
          ...groupBody(
            `shard_${shard.shard}`,
            threads.filter((thread) => thread.shard === shard.shard),
          ),
          health: shardBody(shard),
        }));
  return {
    workers: workersOf(threads),
    worker_groups: Object.fromEntries(groups.map((group) => [group.group_id, group])),
  };
}

function groupBody(id: string, threads: readonly ThreadHealth[]) {
  const statuses = new Set(threads.map(statusOf));
  return {
    group_id: id,
    status: statuses.has('high_load') ? 'high_load' : statuses.has('healthy') ? 'healthy' : 'idle',
    startup_state: null,
    ...{ declared_workers: threads.length, ready_workers: threads.length, health: null },
    task_stats: taskStats(threads.reduce((sum, { records }) => sum + records, 0)),
    ...{ workers: workersOf(threads), last_update_ns: null },
  };
}

function workersOf(threads: readonly ThreadHealth[]): Printable {
  return Object.fromEntries(threads.map((health) => [workerId(health), workerBody(health)]));
}

/** Not in AIPerf: the machine and its part of the run. */
function shardBody(shard: ShardHealth): Printable {
  return {
    ...{ shard: shard.shard, host: shard.host ?? null, state: shard.state },
    verdict: shard.fidelity?.verdict ?? null,
    reasons: (shard.fidelity?.reasons ?? []).map(({ sentence }) => sentence),
    ...{ requests_planned: shard.planned ?? null, requests_sent: shard.issued },
    ...{ requests_ended: shard.returned, requests_in_flight: shard.inFlight },
    ...{ records_received: shard.received, unsent_bytes: shard.unsentBytes },
    send_lateness_ms: shard.latenessMs === undefined ? null : { ...shard.latenessMs },
    clock_error_ms: shard.clockErrorNs === undefined ? null : shard.clockErrorNs / 1e6,
    clock_drift_ms: shard.clockDriftNs === undefined ? null : shard.clockDriftNs / 1e6,
    cpu_usage: shard.cpuShare === undefined ? null : shard.cpuShare * 100,
    ...{ loop_delay_ms: shard.loopDelayMs ?? null, late_sends: shard.lateSends },
  };
}

/** The name of a load thread in answers. */
export function workerId({ thread }: ThreadHealth): string {
  return `worker_${thread}`;
}

/** AIPerf's word for how busy a load thread is. */
export function statusOf({ cpuShare, records }: ThreadHealth): 'healthy' | 'high_load' | 'idle' {
  if ((cpuShare ?? 0) > HIGH_LOAD) return 'high_load';
  return records > 0 ? 'healthy' : 'idle';
}

/** Threads share a process: what AIPerf says of the process of a worker is left out, and what a thread has is added. */
function workerBody(health: ThreadHealth): Printable {
  const { cpuShare, loopDelayMs, lateSends, backlogBytes, records } = health;
  return {
    worker_id: workerId(health),
    task_stats: taskStats(records),
    processing_stats: { processed: records, errors: 0 },
    health: {
      cpu_usage: cpuShare === undefined ? null : cpuShare * 100,
      loop_delay_ms: loopDelayMs ?? null,
      late_sends: lateSends,
      backlog_bytes: backlogBytes,
    },
    status: statusOf(health),
    ...{ startup_state: null, startup_state_updated_ns: null, last_update_ns: null },
  };
}

/** Failures are not counted by thread. */
function taskStats(records: number): Printable {
  return { total: records, failed: 0, completed: records };
}
