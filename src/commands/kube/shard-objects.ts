import type {
  V1EnvVar,
  V1Job,
  V1NetworkPolicy,
  V1PodFailurePolicy,
  V1Service,
  V1StatefulSet,
} from '@kubernetes/client-node';
import {
  container,
  containerNames,
  labelsOf,
  metadataOf,
  type PodPlan,
  podMetadata,
  podSpec,
  profileJob,
  type Role,
  secretVariable,
  volume,
} from './objects.js';
import { HANDED_OVER } from './run-ended.js';

/** A run that is split among the Pods of an Indexed Job. */
export interface ShardsPlan extends PodPlan {
  readonly shards: number;
  /** The Pod of a shard that fails is replaced once, in the middle of a measurement. */
  readonly rejoin: boolean;
  /** How long a Pod waits for files to be copied. */
  readonly waitForCopy: number;
  readonly natsImage: string;
  /** PersistentVolumeClaim for the records; undefined: an emptyDir. */
  readonly natsClaim: string | undefined;
  /** Kueue queue of the agents; undefined: none. */
  readonly queue: string | undefined;
}

type ShardObject = V1Job | NetworkPolicy | V1Service | V1StatefulSet;

const NATS_PORT = 4222;
const NATS_FOLDER = '/data';
export const SPOOL_FOLDER = '/spool';
/** A server may take this long to be scheduled and to load its image. */
const NATS_WAIT_SECONDS = 600;

/** The coordinator prepares, takes in records and writes the report: a thread for each. */
const coordinatorCpus = 2;
/** Records of a million requests pass through in compressed batches of some hundred kilobytes. */
const natsSize = { cpus: 1, memory: '1Gi' };

/**
 * What a run of several shards needs besides its files: NATS that only Pods of this run can reach, the coordinator's Job,
 * which has the run's name, and an Indexed Job of agents. In this order where there is too little room for all: the
 * coordinator then gives up, and ends the agents.
 */
export function shardObjects(plan: ShardsPlan): ShardObject[] {
  return [networkPolicy(plan), service(plan), nats(plan), coordinator(plan), agents(plan)];
}

/** Options of `aiperf profile` that make it the coordinator. A Pod that takes the place of another goes on with the run. */
export function coordinatorArgs({ name, shards }: Pick<ShardsPlan, 'name' | 'shards'>): string[] {
  return [...natsArgs({ name }), '--shards', String(shards), '--run-id', name];
}

/** Name of the Secret with the token of NATS. */
export function tokenName({ name }: Pick<PodPlan, 'name'>): string {
  return `${name}-nats-token`;
}

/** Name of the Job of the agents. */
function agentsName({ name }: Pick<PodPlan, 'name'>): string {
  return `${name}-agents`;
}

function natsName({ name }: Pick<PodPlan, 'name'>): string {
  return `${name}-nats`;
}

function natsArgs(plan: Pick<PodPlan, 'name'>): string[] {
  return ['--nats', `nats://${natsName(plan)}:${NATS_PORT}`, '--nats-wait', String(NATS_WAIT_SECONDS)];
}

function token(plan: PodPlan): V1EnvVar {
  return secretVariable('AIPERF_NATS_TOKEN', tokenName(plan), 'token', false);
}

/** The client's type calls a key `_from` that the API calls `from`. */
type NetworkPolicy = Omit<V1NetworkPolicy, 'spec'> & { readonly spec: object };

function networkPolicy(plan: ShardsPlan): NetworkPolicy {
  const pods = (role: Role) => ({ podSelector: { matchLabels: labelsOf(plan, role) } });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(plan, natsName(plan), 'nats'),
    spec: {
      ...pods('nats'),
      policyTypes: ['Ingress', 'Egress'],
      // Only Pods of this run connect to NATS, and NATS connects to nobody.
      ingress: [
        { from: [pods('coordinator'), pods('agent')], ports: [{ protocol: 'TCP', port: NATS_PORT }] },
      ],
      egress: [],
    },
  };
}

function service(plan: ShardsPlan): V1Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(plan, natsName(plan), 'nats'),
    spec: { selector: labelsOf(plan, 'nats'), ports: [{ name: 'nats', port: NATS_PORT }] },
  };
}

function nats(plan: ShardsPlan): V1StatefulSet {
  const labels = labelsOf(plan, 'nats');
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadataOf(plan, natsName(plan), 'nats'),
    spec: {
      replicas: 1,
      serviceName: natsName(plan),
      selector: { matchLabels: labels },
      template: {
        metadata: podMetadata(labels),
        spec: {
          ...podSpec({ withPorts: false }),
          containers: [
            {
              ...container({
                ...{ name: containerNames.nats, image: plan.natsImage, size: natsSize },
                args: [
                  ...['--jetstream', `--store_dir=${NATS_FOLDER}`, `--port=${NATS_PORT}`],
                  '--auth=$(AIPERF_NATS_TOKEN)',
                ],
                env: [token(plan)],
                volumeMounts: [{ name: 'data', mountPath: NATS_FOLDER }],
              }),
              ports: [{ name: 'nats', containerPort: NATS_PORT }],
              readinessProbe: { tcpSocket: { port: NATS_PORT }, periodSeconds: 2 },
            },
          ],
          volumes: [volume('data', plan.natsClaim)],
        },
      },
    },
  };
}

function agents(plan: ShardsPlan): V1Job {
  const labels = labelsOf(plan, 'agent');
  const queue = plan.queue === undefined ? {} : { 'kueue.x-k8s.io/queue-name': plan.queue };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: agentsName(plan), namespace: plan.namespace, labels: { ...labels, ...queue } },
    spec: {
      completionMode: 'Indexed',
      completions: plan.shards,
      parallelism: plan.shards,
      // A shard that failed is a part of the load that was not sent: a second Pod sends only what is due from then on.
      backoffLimitPerIndex: plan.rejoin ? 1 : 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: evictionIsNoFailure,
      template: {
        metadata: podMetadata(labels),
        spec: {
          restartPolicy: 'Never',
          ...podSpec({ withPorts: true }),
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
          containers: [
            container({
              ...{ name: containerNames.aiperf, image: plan.image, size: plan },
              // The Job controller sets JOB_COMPLETION_INDEX, the number of the shard.
              args: [
                ...['kube', 'run', '--artifacts', SPOOL_FOLDER, '--wait-for-copy', String(plan.waitForCopy)],
                ...['--namespace', plan.namespace, '--if-files', '--'],
                ...['agent', ...natsArgs(plan), '--run-id', plan.name],
                ...['--once', '--spool-dir', SPOOL_FOLDER, ...(plan.rejoin ? ['--rejoin'] : [])],
              ],
              env: [
                token(plan),
                // Pods of an Indexed Job have a host name of their own.
                { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              ],
              volumeMounts: [{ name: 'spool', mountPath: SPOOL_FOLDER }],
            }),
          ],
          volumes: [volume('spool', undefined)],
        },
      },
    },
  };
}

/** A Pod that the cluster moved away is replaced: its successor goes on, or takes part in the next measurement. */
const evictionIsNoFailure: V1PodFailurePolicy = {
  rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
};

/** Also if the coordinator's Pod was deleted in mid-run. */
const removalIsNoFailure: V1PodFailurePolicy = {
  rules: [
    ...evictionIsNoFailure.rules,
    {
      action: 'Ignore',
      onExitCodes: { containerName: containerNames.aiperf, operator: 'In', values: [HANDED_OVER] },
    },
  ],
};

function coordinator(plan: ShardsPlan): V1Job {
  const job = profileJob({ ...plan, cpus: coordinatorCpus }, [token(plan)], 'coordinator');
  return {
    ...job,
    spec: { ...job.spec, podFailurePolicy: removalIsNoFailure, podReplacementPolicy: 'Failed' },
  };
}
