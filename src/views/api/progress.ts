import type { Snapshot } from '../../collect/snapshot.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import type { Printable } from '../../util/python-json.js';
import type { ApiState, WatchedPhase } from './state.js';

/** AIPerf's name for what the run does now. */
export type SystemState = 'initializing' | 'profiling' | 'processing' | 'stopping';

/** `/api/progress`. Times are ns since 1970; members that mean nothing here are null or 0. */
export function progressBody(state: ApiState): Printable {
  const { phases: configured = [] } = state.run?.config ?? {};
  const plans = Array.isArray(configured) ? configured.filter(isObject) : [];
  return {
    phases: Object.fromEntries(
      state.phases.map((watched, index) => {
        const { phase } = watched.snapshot;
        const plan = plans.find(({ name }) => name === phase) ?? {};
        return [phase, phaseBody(watched, index, plan, state.result?.wasCancelled === true)];
      }),
    ),
    // Pods, which runs of one process do not have.
    workers: {
      ...{ ready: 0, total: 0, dispatchable: 0, router_connected: 0, ready_record_processors: 0 },
      ...{ declared_record_processors: 0, ready_pods: 0, total_pods: 0, degraded_pods: 0 },
    },
    results_exported: state.result !== undefined,
    system_state: state.systemState,
  };
}

/** What says which phase it is, in progress and in websocket messages. */
export function phaseIdentity({ startMs, snapshot: { phase } }: WatchedPhase, index: number) {
  return {
    ...{ phase, phase_index: index, profiling_index: phase === 'profiling' ? 0 : null },
    ...{ phase_name: phase, phase_kind: phase },
    start_ns: epochNs(startMs),
  };
}

/** Records so far, by whether they count as successes. */
export function recordCounts({ requests, backlog }: Snapshot) {
  const { returned, failed, completed } = requests;
  // What waits in the spool fails as often as the rest.
  const processed = returned === 0 ? 0 : (returned - backlog) / returned;
  const error_records = Math.round(failed * processed);
  return { success_records: Math.round(completed * processed), error_records };
}

/** @param plan what the configuration says of it. */
function phaseBody(watched: WatchedPhase, index: number, plan: JsonObject, wasCancelled: boolean): Printable {
  const { hasEnded, snapshot } = watched;
  const { requests, sessions, etaSeconds, requestsPerSecond, processing, unixMs } = snapshot;
  const cancelled = requests.cancelled + requests.dropped;
  const finals = (value: number) => (hasEnded ? value : null);
  return {
    ...phaseIdentity(watched, index),
    ...{ sent_end_ns: null, requests_end_ns: null, baseline_start_ns: null, baseline_end_ns: null },
    total_expected_requests: requests.planned ?? null,
    expected_duration_sec: numberIn(plan.duration),
    expected_num_sessions: numberIn(plan.sessions),
    expected_grace_period_sec: numberIn(plan.grace_period),
    final_requests_sent: finals(requests.issued),
    final_requests_completed: finals(requests.completed + requests.failed),
    final_requests_cancelled: finals(cancelled),
    final_request_errors: finals(requests.failed),
    final_sent_sessions: finals(sessions.started),
    final_completed_sessions: finals(sessions.ended),
    final_cancelled_sessions: null,
    ...{ timeout_triggered: false, grace_period_timeout_triggered: false, was_cancelled: wasCancelled },
    records_end_ns: null,
    ...recordCounts(snapshot),
    requests_sent: requests.issued,
    requests_completed: requests.completed + requests.failed,
    requests_cancelled: cancelled,
    request_errors: requests.failed,
    ...{ sent_sessions: sessions.started, completed_sessions: sessions.ended },
    ...{ cancelled_sessions: 0, total_session_turns: null },
    requests_per_second: requestsPerSecond,
    records_per_second: processing?.recordsPerSecond ?? null,
    requests_eta_sec: etaSeconds ?? null,
    records_eta_sec: processing?.etaSeconds ?? null,
    last_update_ns: epochNs(unixMs),
  };
}

/** @param unixMs ms since 1970. */
export function epochNs(unixMs: number): bigint {
  return BigInt(Math.round(unixMs)) * 1_000_000n;
}

function numberIn(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
