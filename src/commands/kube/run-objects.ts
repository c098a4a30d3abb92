import type { CoreV1Event, V1Job, V1Pod, V1StatefulSet } from '@kubernetes/client-node';
import type { ConfigOf } from '../../config/option.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { kubectl } from './kubectl.js';
import type { Role } from './objects.js';
import type { placeOptions } from './options.js';
import { inOrder, type RunPod, roleOf } from './pods.js';

/** Namespace and name of a run. */
export type Place = ConfigOf<typeof placeOptions>;

/** A Job or StatefulSet that has fewer Pods than it asks for. */
interface Gap {
  readonly role: Role;
  /** How many are missing, and why. */
  readonly text: string;
  /** No Pod will come. */
  readonly isFinal: boolean;
}

/** What the cluster has of a run. */
export interface RunObjects {
  /** Coordinator, NATS, agents by shard, a successor after the Pod it replaced. */
  readonly pods: readonly RunPod[];
  readonly gaps: readonly Gap[];
}

type Owner = V1Job | V1StatefulSet;

/** Asks the cluster for the objects of a run. @throws UserError if it has none. */
export async function runObjects(place: Place, io: Io): Promise<RunObjects> {
  const selector = `app.kubernetes.io/name=aiperf,app.kubernetes.io/instance=${place.name}`;
  const text = await kubectl(
    ['get', 'pods,jobs,statefulsets', '--selector', selector, '--output', 'json'],
    place,
    io,
  );
  const { items }: { items: (V1Pod | Owner)[] } = JSON.parse(text);
  if (items.length === 0) {
    throw new UserError(
      `There is no run ${place.name} in the namespace ${place.namespace}`,
      'Apply the output of aiperf kube manifest first, or name the run with --name.',
    );
  }
  const pods = items.filter((item): item is V1Pod => item.kind === 'Pod');
  const owners = items.filter((item): item is Owner => item.kind !== 'Pod');
  const ordered = inOrder(pods);
  const short = owners.map((owner) => ({ owner, has: podsOf(owner, pods), wants: wantedPods(owner) }));
  const gaps = short.filter(({ has, wants }) => has < wants);
  const isUnexplained = ({ phase, reason }: RunPod) => phase === 'Pending' && reason === undefined;
  const warnings =
    gaps.length > 0 || ordered.some(isUnexplained)
      ? await newestWarnings(place, io)
      : new Map<string, string>();
  return {
    pods: ordered.map((pod) => (isUnexplained(pod) ? { ...pod, reason: warnings.get(pod.uid) } : pod)),
    gaps: gaps.map(({ owner, has, wants }) => gapOf(owner, `${has} of ${wants}`, warnings)),
  };
}

function wantedPods({ spec }: Owner): number {
  if (spec === undefined) return 0;
  return 'replicas' in spec ? (spec.replicas ?? 1) : 'completions' in spec ? (spec.completions ?? 1) : 1;
}

/** Pods of a Job or StatefulSet; those that replace each other count once. */
function podsOf({ metadata }: Owner, pods: readonly V1Pod[]): number {
  const own = pods.filter(
    (pod) => pod.metadata?.ownerReferences?.some(({ uid }) => uid === metadata?.uid) === true,
  );
  return new Set(own.map((pod) => pod.metadata?.labels?.['batch.kubernetes.io/job-completion-index'])).size;
}

function gapOf({ kind, metadata, spec, status }: Owner, has: string, warnings: Map<string, string>): Gap {
  const failed = status?.conditions?.find(({ type, status: holds }) => type === 'Failed' && holds === 'True');
  const isSuspended = spec !== undefined && 'suspend' in spec && spec.suspend === true;
  const why = failed?.message ?? (isSuspended ? 'it is suspended' : warnings.get(metadata?.uid ?? ''));
  return {
    role: roleOf(metadata),
    text: `${kind} ${metadata?.name} has ${has} Pods${why === undefined ? '' : `: ${why}`}`,
    isFinal: failed !== undefined,
  };
}

/** The message of the newest warning of each object, by its uid; none where events may not be read. */
async function newestWarnings(place: Place, io: Io): Promise<Map<string, string>> {
  const words = ['get', 'events', '--field-selector', 'type=Warning', '--output', 'json'];
  const text = await kubectl(words, place, io).catch((thrown: unknown) => {
    if (thrown instanceof UserError) return '{"items":[]}';
    throw thrown;
  });
  const { items }: { items: CoreV1Event[] } = JSON.parse(text);
  const time = (event: CoreV1Event) =>
    String(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? '');
  return new Map(
    items
      .sort((a, b) => (time(a) < time(b) ? -1 : 1))
      .map(({ involvedObject, message }) => [involvedObject.uid ?? '', message ?? '']),
  );
}
