import type { V1Pod } from '@kubernetes/client-node';
import type { ConfigOf } from '../../config/option.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { kubectl } from './kubectl.js';
import type { Role } from './objects.js';
import type { placeOptions } from './options.js';

/** Namespace and name of a run. */
export type Place = ConfigOf<typeof placeOptions>;

/** A Pod of a run. */
export interface RunPod {
  readonly name: string;
  /** The only Pod of a run without shards is its coordinator. */
  readonly role: Role;
  /** Number of an agent's shard, from 0. */
  readonly shard: number | undefined;
  readonly node: string | undefined;
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. */
  readonly phase: string;
  /** What kubectl would show: the phase, or why it waits or ended. */
  readonly state: string;
  readonly restarts: number;
}

const roles: readonly Role[] = ['coordinator', 'nats', 'agent'];

/** The Pods of a run: coordinator, NATS, agents by shard, a successor after the Pod it replaced. @throws UserError if there is none. */
export async function podsOf(place: Place, io: Io): Promise<RunPod[]> {
  const selector = `app.kubernetes.io/name=aiperf,app.kubernetes.io/instance=${place.name}`;
  const text = await kubectl(['get', 'pods', '--selector', selector, '--output', 'json'], place, io);
  const { items }: { items: V1Pod[] } = JSON.parse(text);
  if (items.length === 0) {
    throw new UserError(
      `There is no Pod of a run ${place.name} in the namespace ${place.namespace}`,
      'Apply the output of aiperf kube manifest first, or name the run with --name.',
    );
  }
  const created = ({ metadata }: V1Pod) => String(metadata?.creationTimestamp ?? '');
  return items
    .sort((a, b) => (created(a) < created(b) ? -1 : 1))
    .map(podOf)
    .sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role) || (a.shard ?? 0) - (b.shard ?? 0));
}

/** The newest Pod of the coordinator, or of a shard. @throws UserError if there is none. */
export async function findPod(place: Place, shard: number | undefined, io: Io): Promise<RunPod> {
  const pods = await podsOf(place, io);
  const wanted = pods.filter((pod) =>
    shard === undefined ? pod.role === 'coordinator' : pod.shard === shard,
  );
  const newest = wanted.at(-1);
  if (newest !== undefined) return newest;
  throw new UserError(
    `There is no Pod of ${shard === undefined ? 'the coordinator' : `shard ${shard}`} of the run ${place.name}`,
    'See which Pods there are with aiperf kube status.',
  );
}

function podOf({ metadata, spec, status }: V1Pod): RunPod {
  const labels = metadata?.labels ?? {};
  const role = roles.find((each) => each === labels['app.kubernetes.io/component']) ?? 'coordinator';
  const index = labels['batch.kubernetes.io/job-completion-index'];
  return {
    name: metadata?.name ?? '',
    role,
    shard: index === undefined ? undefined : Number(index),
    node: spec?.nodeName,
    phase: status?.phase ?? 'Unknown',
    state: stateOf(status),
    restarts: status?.containerStatuses?.[0]?.restartCount ?? 0,
  };
}

function stateOf(status: V1Pod['status']): string {
  const { waiting, terminated } = status?.containerStatuses?.[0]?.state ?? {};
  if (terminated !== undefined) {
    const { reason = 'Ended', exitCode } = terminated;
    return exitCode === 0 ? reason : `${reason}, exit code ${exitCode}`;
  }
  if (waiting?.reason !== undefined) return waiting.reason;
  const unscheduled = status?.conditions?.find(
    ({ type, status: holds }) => type === 'PodScheduled' && holds === 'False',
  );
  const phase = status?.reason ?? status?.phase ?? 'Unknown';
  return unscheduled?.message === undefined ? phase : `${phase}: ${unscheduled.message}`;
}
