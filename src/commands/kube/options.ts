import type { OptionTable } from '../../config/option.js';
import { integer, matching, number, path, text } from '../../config/option-kinds.js';

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const labelShape = 'lower-case letters, digits and hyphens, at most 63';
const group = 'Manifest';

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
    pattern:
      /^([a-zA-Z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/,
    missing: 'name an image built from deploy/Containerfile, e.g. --image registry.example.com/aiperf:0.1.0',
    help: 'Image to run.',
  }),
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
    help: 'Number of CPUs of the Pod, as request and limit.',
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
    shape: 'the name of a PersistentVolumeClaim: lower-case letters, digits, hyphens and dots',
    pattern: new RegExp(`^${label}(\\.${label})*$`),
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
} satisfies OptionTable;
