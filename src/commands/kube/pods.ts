import type { V1ObjectMeta, V1Pod } from '@kubernetes/client-node';
import { containerNames, type Role } from './objects.js';
import { HANDED_OVER } from './run-ended.js';

/** A Pod of a run. */
export interface RunPod {
  readonly name: string;
  /** Of this Pod: a successor of the same name has another. */
  readonly uid: string;
  /** The only Pod of a run without shards is its coordinator. */
  readonly role: Role;
  /** Number of an agent's shard, from 0. */
  readonly shard: number | undefined;
  readonly node: string | undefined;
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. */
  readonly phase: string;
  /** The phase, or why it waits or ended, as kubectl shows it. */
  readonly state: string;
  /** More on that state, by the node or the scheduler. */
  readonly reason: string | undefined;
  readonly restarts: number;
  /** It was removed in mid-run, and its Job replaces it. */
  readonly isMoved: boolean;
}

const roles: readonly Role[] = ['coordinator', 'nats', 'agent'];

/** The Pods in the order in which people look at them: coordinator, NATS, agents by shard, a successor after the Pod it replaced. */
export function inOrder(pods: readonly V1Pod[]): RunPod[] {
  const created = ({ metadata }: V1Pod) => String(metadata?.creationTimestamp ?? '');
  return pods
    .toSorted((a, b) => (created(a) < created(b) ? -1 : 1))
    .map(podOf)
    .sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role) || (a.shard ?? 0) - (b.shard ?? 0));
}

/** What the Pods of an object are for. */
export function roleOf(metadata: V1ObjectMeta | undefined): Role {
  const component = metadata?.labels?.['app.kubernetes.io/component'];
  return roles.find((each) => each === component) ?? 'coordinator';
}

/** State and reason in a line. */
export function stateText({ state, reason }: RunPod): string {
  return reason === undefined ? state : `${state}: ${reason}`;
}

function podOf({ metadata, spec, status }: V1Pod): RunPod {
  const index = metadata?.labels?.['batch.kubernetes.io/job-completion-index'];
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    role: roleOf(metadata),
    shard: index === undefined ? undefined : Number(index),
    node: spec?.nodeName,
    phase: status?.phase ?? 'Unknown',
    restarts: containerOf(status)?.restartCount ?? 0,
    isMoved: isMoved(status),
    ...stateOf(metadata, status),
  };
}

function isMoved(status: V1Pod['status']): boolean {
  if (status?.phase !== 'Failed') return false;
  const isDisrupted = status.conditions?.some(
    ({ type, status: holds }) => type === 'DisruptionTarget' && holds === 'True',
  );
  return isDisrupted === true || containerOf(status)?.state?.terminated?.exitCode === HANDED_OVER;
}

/** A cluster may have added containers, such as a proxy: ours are named after what they run. */
function containerOf(status: V1Pod['status']) {
  const all = status?.containerStatuses ?? [];
  return all.find(({ name }) => name === containerNames.aiperf || name === containerNames.nats) ?? all[0];
}

function stateOf(
  metadata: V1ObjectMeta | undefined,
  status: V1Pod['status'],
): Pick<RunPod, 'state' | 'reason'> {
  const { waiting, terminated } = containerOf(status)?.state ?? {};
  if (terminated !== undefined) {
    const { reason = 'Ended', exitCode } = terminated;
    const state = status?.reason ?? reason;
    return { state: exitCode === 0 ? state : `${state}, exit code ${exitCode}`, reason: status?.message };
  }
  if (metadata?.deletionTimestamp !== undefined) return { state: 'Terminating', reason: undefined };
  if (waiting?.reason !== undefined) return { state: waiting.reason, reason: waiting.message };
  const unscheduled = status?.conditions?.find(
    ({ type, status: holds }) => type === 'PodScheduled' && holds === 'False',
  );
  return {
    state: status?.reason ?? status?.phase ?? 'Unknown',
    reason: unscheduled?.message ?? status?.message,
  };
}
