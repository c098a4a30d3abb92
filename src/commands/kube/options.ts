import { clusterOptions } from '../../config/cluster-options.js';
import type { Check, Findings } from '../../config/load.js';
import { nameOf, type OptionTable } from '../../config/option.js';
import { flag, integer, matching, number, path, text } from '../../config/option-kinds.js';

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const labelShape = 'lower-case letters, digits and hyphens, at most 63';
const group = 'Manifest';
const ofShards = 'Several machines';
const imagePattern =
  /^([a-zA-Z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;
const claimShape = 'the name of a PersistentVolumeClaim: lower-case letters, digits, hyphens and dots';
const claimPattern = new RegExp(`^${label}(\\.${label})*$`);

/** A namespace, and the name of the objects of a run in it; of every command that looks for them. */
export const placeOptions = {
  namespace: matching({
    flags: ['--namespace', '-n'],
    group,
    required: true,
    metavar: '<name>',
    shape: `the name of a namespace: ${labelShape}`,
    pattern: new RegExp(`^${label}$`),
    missing: 'name the namespace to run in, e.g. --namespace bench',
    help: 'Namespace of every object.',
  }),
  name: matching({
    flags: ['--name'],
    group,
    metavar: '<name>',
    shape: `a name: ${labelShape}`,
    pattern: new RegExp(`^${label}$`),
    default: 'aiperf',
    help: 'Name of the Job, and prefix of the names of all other objects.',
  }),
} satisfies OptionTable;

/** Options of `aiperf kube manifest`. */
export const manifestOptions = {
  // Not named configFile, because the file holds options of `profile`, not of this command.
  runConfig: path({
    flags: ['--config', '-f'],
    group,
    existing: 'file',
    required: true,
    missing: 'name the YAML file that aiperf profile --config would take',
    help: 'YAML file of options of aiperf profile; checked as profile checks it.',
  }),
  image: matching({
    flags: ['--image'],
    group,
    required: true,
    metavar: '<image>',
    shape: 'the reference of a container image, e.g. registry.example.com/aiperf:0.1.0',
    pattern: imagePattern,
    missing: 'name an image built from deploy/Containerfile, e.g. --image registry.example.com/aiperf:0.1.0',
    help: 'Image to run.',
  }),
  ...placeOptions,
  service: matching({
    flags: ['--service'],
    group,
    metavar: '<name:port>',
    shape: 'the name of a Service and its port, like vllm:8000, or vllm.inference:8000 in another namespace',
    pattern:
      /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?:(?!0)(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
    defaultText: "the file's url",
    help: 'Service to benchmark; overrides the url in the file.',
  }),
  cpus: integer({
    flags: ['--cpus'],
    group,
    min: 1,
    default: 4,
    help: 'Number of CPUs of the Pod, or of the Pod of each shard, as request and limit.',
  }),
  memory: matching({
    flags: ['--memory'],
    group,
    metavar: '<quantity>',
    shape: 'an amount of memory with its unit, like 512Mi or 4Gi',
    pattern: /^[1-9]\d*(\.\d+)?[MGT]i?$/,
    default: '4Gi',
    help: 'Memory of the Pod, as request and limit.',
  }),
  claim: matching({
    flags: ['--claim'],
    group,
    metavar: '<name>',
    shape: claimShape,
    pattern: claimPattern,
    defaultText: 'an emptyDir, deleted with the Pod',
    help: 'PersistentVolumeClaim for the files of the run.',
  }),
  inputPath: matching({
    flags: ['--input-path'],
    group,
    metavar: '<path>',
    shape: 'an absolute path in the Pod',
    pattern: /^\/[^\0\r\n]+$/,
    defaultText: 'a copy of the file, which must be small',
    help: 'Path of the input-file in the Pod: in the image, or on the claim at /artifacts.',
  }),
  waitForCopy: number({
    flags: ['--wait-for-copy'],
    group,
    min: 0,
    default: 600,
    help: 'Keep the Pod at most N seconds after the run, for kubectl cp.',
  }),
  // Only from AIPERF_API_KEY: a command line is visible to everyone on the machine.
  apiKey: text({
    env: 'AIPERF_API_KEY',
    group,
    secret: true,
    help: 'API key of the server; the Job reads it from a Secret, which is not part of the output.',
  }),
  shards: integer({
    ...clusterOptions.shards,
    group: ofShards,
    help: 'Split the load among the Pods of an Indexed Job with N shards, coordinated over a NATS server of their own.',
  }),
  rejoin: flag({
    flags: ['--rejoin'],
    group: ofShards,
    help: 'Replace the Pod of a shard that fails, once: the new one joins the measurement and sends what is due from then on.',
  }),
  natsImage: matching({
    flags: ['--nats-image'],
    group: ofShards,
    metavar: '<image>',
    shape: 'the reference of a container image',
    pattern: imagePattern,
    default: 'docker.io/library/nats:2.12.1',
    help: 'Image whose entry point is nats-server, version 2.9 or later.',
  }),
  natsClaim: matching({
    flags: ['--nats-claim'],
    group: ofShards,
    metavar: '<name>',
    shape: claimShape,
    pattern: claimPattern,
    defaultText: 'an emptyDir, which survives a restart of the server, not the loss of its node',
    help: 'PersistentVolumeClaim for records on their way to the coordinator.',
  }),
  queue: matching({
    flags: ['--queue'],
    group: ofShards,
    metavar: '<name>',
    shape: `the name of a Kueue LocalQueue: ${labelShape}`,
    pattern: new RegExp(`^${label}$`),
    defaultText: 'Pods start one by one',
    help: 'Kueue queue that starts the Pods of all shards together.',
  }),
} satisfies OptionTable;

/** Options for a run of several shards, which need --shards. */
const needShards = ['rejoin', 'natsImage', 'natsClaim', 'queue'] as const;

/** The Pod of a StatefulSet has a label of at most 63 characters with its name and a hash, e.g. `NAME-nats-56d8c95f94`. */
const LONGEST_NAME_OF_SHARDS = 63 - '-nats-56d8c95f94'.length;

/** Conflicts of options of `aiperf kube manifest`. */
export function checkManifest(
  ...[{ config, sources }, isValid]: Parameters<Check<typeof manifestOptions>>
): Findings {
  const errors: string[] = [];
  if (!sources.has('shards')) {
    for (const key of needShards.filter((each) => sources.has(each)))
      errors.push(`${nameOf(manifestOptions[key])} needs --shards: without it there is one Pod.`);
  } else if (isValid('name')) {
    if (config.name.length > LONGEST_NAME_OF_SHARDS) {
      errors.push(
        `--name must have at most ${LONGEST_NAME_OF_SHARDS} characters with --shards, got ${config.name.length}.`,
      );
    }
    // The rule of Kubernetes for Services.
    if (/^\d/.test(config.name))
      errors.push(`--name must begin with a letter with --shards, got '${config.name}'.`);
  }
  return { errors, warnings: [] };
}
