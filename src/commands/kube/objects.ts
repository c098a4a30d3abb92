import type { V1ConfigMap, V1Container, V1Job, V1ObjectMeta, V1PodSpec } from '@kubernetes/client-node';

/** Folders of the Pod. */
export const CONFIG_FOLDER = '/etc/aiperf';
export const ARTIFACTS_FOLDER = '/artifacts';

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

/** All objects to apply, the Job last. Secrets are only referenced: the user creates them. */
export function kubernetesObjects(plan: PodPlan): (V1ConfigMap | V1Job)[] {
  return plan.filesAreSecret ? [job(plan)] : [filesObject(plan), job(plan)];
}

/** The ConfigMap with the files of `CONFIG_FOLDER`. */
export function filesObject(plan: PodPlan): V1ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(plan, filesName(plan)),
    data: plan.files,
  };
}

function job(plan: PodPlan): V1Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataOf(plan, plan.name),
    spec: {
      // A failed run needs a look, not a retry.
      backoffLimit: 0,
      template: { metadata: { labels: labelsOf(plan) }, spec: podSpec(plan) },
    },
  };
}

function podSpec(plan: PodPlan): V1PodSpec {
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      fsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
      // Each connection in flight needs a port; the default range has 28,232.
      sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '1024 65535' }],
    },
    containers: [container(plan)],
    volumes: [
      plan.filesAreSecret
        ? { name: 'config', secret: { secretName: filesName(plan) } }
        : { name: 'config', configMap: { name: filesName(plan) } },
      plan.claim === undefined
        ? { name: 'artifacts', emptyDir: {} }
        : { name: 'artifacts', persistentVolumeClaim: { claimName: plan.claim } },
    ],
  };
}

function container(plan: PodPlan): V1Container {
  const size = { cpu: String(plan.cpus), memory: plan.memory };
  return {
    name: 'aiperf',
    image: plan.image,
    args: [...plan.args],
    env: [
      {
        name: 'AIPERF_API_KEY',
        valueFrom: { secretKeyRef: { name: apiKeyName(plan), key: 'api-key', optional: !plan.needsApiKey } },
      },
    ],
    // Integer CPUs with requests = limits give QoS class Guaranteed: a node with the static CPU manager assigns
    // exclusive cores.
    resources: { requests: size, limits: size },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'config', mountPath: CONFIG_FOLDER, readOnly: true },
      { name: 'artifacts', mountPath: ARTIFACTS_FOLDER },
    ],
  };
}

function metadataOf(plan: PodPlan, name: string): V1ObjectMeta {
  return { name, namespace: plan.namespace, labels: labelsOf(plan) };
}

function labelsOf({ name }: PodPlan): Record<string, string> {
  return { 'app.kubernetes.io/name': 'aiperf', 'app.kubernetes.io/instance': name };
}

/** Name of the ConfigMap or Secret with the files. */
export function filesName({ name }: Pick<PodPlan, 'name'>): string {
  return `${name}-config`;
}

/** Name of the Secret with the API key. */
export function apiKeyName({ name }: Pick<PodPlan, 'name'>): string {
  return `${name}-api-key`;
}
