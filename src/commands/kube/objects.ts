import type {
  V1ConfigMap,
  V1Container,
  V1EnvVar,
  V1Job,
  V1JobSpec,
  V1ObjectMeta,
  V1PodSpec,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';

/** Folders of the Pod. */
export const CONFIG_FOLDER = '/etc/aiperf';
export const ARTIFACTS_FOLDER = '/artifacts';

/** Names of the containers of Pods: what they run. */
export const containerNames = { aiperf: 'aiperf', nats: 'nats' } as const;

/** A run in a cluster. */
export interface PodPlan {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  /** Arguments of the image's entry point, `aiperf`. */
  readonly args: readonly string[];
  /** Files in `CONFIG_FOLDER`, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** The files contain a secret: the Pod reads them from a Secret created by the user instead of a ConfigMap. */
  readonly filesAreSecret: boolean;
  /** The server needs an API key: the Pod does not start without its Secret. */
  readonly needsApiKey: boolean;
  readonly cpus: number;
  /** Quantity, e.g. `4Gi`. */
  readonly memory: string;
  /** PersistentVolumeClaim for artifacts; undefined: an emptyDir. */
  readonly claim: string | undefined;
}

/** What a Pod of a run is for. */
export type Role = 'agent' | 'coordinator' | 'nats';

/** The ConfigMap with the files of `CONFIG_FOLDER`. */
export function filesObject(plan: PodPlan): V1ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(plan, filesName(plan)),
    data: plan.files,
  };
}

/** The Job of `aiperf profile`. @param env more variables of the container. @param role in a run of several shards. */
export function profileJob(
  plan: PodPlan,
  env: readonly V1EnvVar[] = [],
  role?: Role,
): V1Job & { readonly spec: V1JobSpec } {
  const labels = labelsOf(plan, role);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: plan.name, namespace: plan.namespace, labels },
    spec: {
      // A failed run needs a look, not a retry.
      backoffLimit: 0,
      template: {
        metadata: podMetadata(labels),
        spec: {
          restartPolicy: 'Never',
          ...podSpec({ withPorts: true }),
          containers: [
            container({
              ...{ name: containerNames.aiperf, image: plan.image, args: plan.args, size: plan },
              env: [secretVariable('AIPERF_API_KEY', apiKeyName(plan), 'api-key', !plan.needsApiKey), ...env],
              volumeMounts: [
                { name: 'config', mountPath: CONFIG_FOLDER, readOnly: true },
                { name: 'artifacts', mountPath: ARTIFACTS_FOLDER },
              ],
            }),
          ],
          volumes: [
            plan.filesAreSecret
              ? { name: 'config', secret: { secretName: filesName(plan) } }
              : { name: 'config', configMap: { name: filesName(plan) } },
            volume('artifacts', plan.claim),
          ],
        },
      },
    },
  };
}

/** Labels of a Pod, and what keeps autoscalers from removing its node during the run. */
export function podMetadata(labels: Record<string, string>): V1ObjectMeta {
  const annotations = {
    'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    'karpenter.sh/do-not-disrupt': 'true',
  };
  return { labels, annotations };
}

/** What every Pod has in common: the Pod Security standard `restricted`, and no access to the Kubernetes API. */
export function podSpec({ withPorts }: { readonly withPorts: boolean }): Omit<V1PodSpec, 'containers'> {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      fsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
      // Each connection in flight needs a port; the default range has 28,232.
      ...(withPorts ? { sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '1024 65535' }] } : {}),
    },
  };
}

/** A container and its size. */
export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly size: Pick<PodPlan, 'cpus' | 'memory'>;
  readonly env: V1EnvVar[];
  readonly volumeMounts: V1VolumeMount[];
}

/** A container that may write to its volumes only. */
export function container({ name, image, args, size, env, volumeMounts }: ContainerPlan): V1Container {
  const amounts = { cpu: String(size.cpus), memory: size.memory };
  return {
    ...{ name, image, args: [...args], env },
    // Integer CPUs with requests = limits give QoS class Guaranteed: a node with the static CPU manager assigns
    // exclusive cores.
    resources: { requests: amounts, limits: amounts },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts,
  };
}

/** A variable whose value is in a Secret. */
export function secretVariable(name: string, secret: string, key: string, optional: boolean): V1EnvVar {
  return { name, valueFrom: { secretKeyRef: { name: secret, key, optional } } };
}

/** A volume on a claim, or else an emptyDir. */
export function volume(name: string, claim: string | undefined): V1Volume {
  return claim === undefined ? { name, emptyDir: {} } : { name, persistentVolumeClaim: { claimName: claim } };
}

export function metadataOf(
  plan: Pick<PodPlan, 'name' | 'namespace'>,
  name: string,
  role?: Role,
): V1ObjectMeta {
  return { name, namespace: plan.namespace, labels: labelsOf(plan, role) };
}

/** Labels of the objects of a run; `role` tells Pods of a run of several shards apart. */
export function labelsOf({ name }: Pick<PodPlan, 'name'>, role?: Role): Record<string, string> {
  return {
    ...{ 'app.kubernetes.io/name': 'aiperf', 'app.kubernetes.io/instance': name },
    ...(role === undefined ? {} : { 'app.kubernetes.io/component': role }),
  };
}

/** Name of the ConfigMap or Secret with the files. */
export function filesName({ name }: Pick<PodPlan, 'name'>): string {
  return `${name}-config`;
}

/** Name of the Secret with the API key. */
export function apiKeyName({ name }: Pick<PodPlan, 'name'>): string {
  return `${name}-api-key`;
}
