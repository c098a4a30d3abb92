import type { OptionTable } from './option.js';
import { choice, integer, matching, number, path, text } from './option-kinds.js';

const group = 'Several machines';

/** How to reach a NATS server; of `profile`, `agent` and `attach`. */
export const natsOptions = {
  nats: matching({
    flags: ['--nats'],
    group,
    metavar: '<url>',
    shape: 'the URL of a NATS server, like nats://host:4222 or tls://host:4222',
    pattern: /^(nats|tls):\/\/[^\s/?#@]+$/,
    help: 'NATS server with JetStream that connects coordinator and agents.',
  }),
  natsWait: number({
    flags: ['--nats-wait'],
    group,
    min: 0,
    default: 0,
    help: 'Keep trying for N seconds to reach a NATS server that is not up yet.',
  }),
  natsToken: text({
    flags: ['--nats-token'],
    env: 'AIPERF_NATS_TOKEN',
    group,
    secret: true,
    help: 'Token of the NATS server; a file or the variable keeps it out of the process list.',
  }),
  natsTokenFile: path({
    flags: ['--nats-token-file'],
    group,
    existing: 'file',
    help: 'File that holds the token.',
  }),
  natsCaFile: path({
    flags: ['--nats-ca-file'],
    group,
    existing: 'file',
    help: 'Certificate authority of the NATS server, PEM; connect with TLS.',
  }),
  natsCertFile: path({
    flags: ['--nats-cert-file'],
    group,
    existing: 'file',
    help: 'Client certificate for the NATS server, PEM.',
  }),
  natsKeyFile: path({
    flags: ['--nats-key-file'],
    group,
    existing: 'file',
    help: 'Key of --nats-cert-file, PEM.',
  }),
} satisfies OptionTable;

/** Name of a run in NATS, where it becomes a part of names of streams and subjects. */
export const runIdOption = {
  flags: ['--run-id'],
  metavar: '<name>',
  shape: 'letters, digits, hyphens and underscores, at most 64',
  pattern: /^[A-Za-z0-9_-]{1,64}$/,
} as const;

/** Options of a coordinator, `aiperf profile --nats`. */
export const clusterOptions = {
  ...natsOptions,
  shards: integer({
    flags: ['--shards'],
    group,
    min: 1,
    max: 1000,
    help: 'Split the load among N agents (aiperf agent).',
  }),
  minShards: integer({
    flags: ['--min-shards'],
    group,
    min: 1,
    max: 1000,
    defaultText: 'all',
    help: 'Start with at least N shards if the others are not ready within --join-timeout; the result is degraded.',
  }),
  joinTimeout: number({
    flags: ['--join-timeout'],
    group,
    above: 0,
    default: 300,
    help: 'Wait up to N seconds until all shards are ready; then start with --min-shards, or fail.',
  }),
  shardTimeout: number({
    flags: ['--shard-timeout'],
    group,
    min: 2,
    default: 30,
    help: 'Count a shard as lost after N seconds without a sign of life.',
  }),
  onShardLoss: choice(['continue', 'abort'], {
    flags: ['--on-shard-loss'],
    group,
    default: 'continue',
    help: 'continue: the other shards send their parts to the end; abort: end the run.',
  }),
  runId: matching({
    ...runIdOption,
    group,
    defaultText: 'a random one',
    help: 'Name of the run in NATS. The same command with the same name finishes a run whose coordinator was killed.',
  }),
} satisfies OptionTable;
