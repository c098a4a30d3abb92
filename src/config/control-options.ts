import type { OptionTable } from './option.js';
import { choice, flag, number, text } from './option-kinds.js';

/** Options of `profile` for signing requests, and for those before, around and after the load. */
export const controlOptions = {
  authType: choice(['bearer', 'sigv4'], {
    flags: ['--auth-type'],
    group: 'Endpoint',
    default: 'bearer',
    help: 'bearer: --api-key, if given; sigv4: sign every request to AWS, with the keys of the environment or of --aws-profile.',
  }),
  awsRegion: text({
    flags: ['--aws-region'],
    group: 'Endpoint',
    metavar: '<name>',
    defaultText: 'AWS_REGION, or the region of the profile',
    help: 'Region to sign requests for.',
  }),
  awsService: text({
    flags: ['--aws-service'],
    group: 'Endpoint',
    metavar: '<name>',
    default: 'sagemaker',
    help: 'Signing name of the service, such as sagemaker or bedrock.',
  }),
  awsProfile: text({
    flags: ['--aws-profile'],
    group: 'Endpoint',
    metavar: '<name>',
    defaultText: 'the keys of the environment, else AWS_PROFILE, else default',
    help: 'Profile of the shared AWS files to take keys from.',
  }),
  waitForModelTimeout: number({
    flags: ['--wait-for-model-timeout'],
    group: 'Around the run',
    min: 0,
    default: 0,
    help: 'Wait up to N seconds until every server is ready for every model; then fail. 0: do not wait.',
  }),
  waitForModelMode: choice(['models', 'inference', 'both'], {
    flags: ['--wait-for-model-mode'],
    group: 'Around the run',
    default: 'inference',
    help: 'models: until /v1/models lists the model; inference: until a request for one token is answered with a status below 500.',
  }),
  waitForModelInterval: number({
    flags: ['--wait-for-model-interval'],
    group: 'Around the run',
    above: 0,
    default: 5,
    help: 'Seconds between two checks of a server.',
  }),
  resetKvCache: flag({
    flags: ['--reset-kv-cache'],
    group: 'Around the run',
    help: 'Empty the prefix cache of every server before the run.',
  }),
  resetKvCachePath: text({
    flags: ['--reset-kv-cache-path'],
    group: 'Around the run',
    metavar: '<path>',
    default: '/reset_prefix_cache',
    help: 'Path that --reset-kv-cache posts to.',
  }),
  resetKvCacheTimeoutSeconds: number({
    flags: ['--reset-kv-cache-timeout-seconds'],
    group: 'Around the run',
    above: 0,
    default: 60,
    help: 'Fail when the cache was not emptied after N seconds.',
  }),
  networkLatencyAutomatic: flag({
    flags: ['--network-latency-automatic'],
    group: 'Around the run',
    help: 'Measure the round-trip time to the servers by TCP connects, and report latencies without it as well.',
  }),
  networkLatencyMean: number({
    flags: ['--network-latency-mean'],
    group: 'Around the run',
    min: 0,
    help: 'Report latencies without this round-trip time as well, ms.',
  }),
  networkLatencyPingInterval: number({
    flags: ['--network-latency-ping-interval'],
    group: 'Around the run',
    above: 0,
    default: 1,
    help: 'Seconds between two TCP connects.',
  }),
  serverProfiler: flag({
    flags: ['--server-profiler'],
    group: 'Around the run',
    help: 'Start the profiler of every server after the warm-up, and stop it after the last request.',
  }),
  serverProfilerStartPath: text({
    flags: ['--server-profiler-start-path'],
    group: 'Around the run',
    metavar: '<path>',
    default: '/start_profile',
    help: 'Path that starts the profiler.',
  }),
  serverProfilerStopPath: text({
    flags: ['--server-profiler-stop-path'],
    group: 'Around the run',
    metavar: '<path>',
    default: '/stop_profile',
    help: 'Path that stops the profiler.',
  }),
  serverProfilerTimeoutSeconds: number({
    flags: ['--server-profiler-timeout-seconds'],
    group: 'Around the run',
    above: 0,
    default: 600,
    help: 'Give up on starting or stopping the profiler after N seconds: a server may write its trace first.',
  }),
} satisfies OptionTable;
