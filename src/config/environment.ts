import { responseLimits } from '../util/response-limits.js';
import { isBaseUrl } from './base-url.js';
import type { OptionTable } from './option.js';
import { choice, flag, integer, list, number } from './option-kinds.js';

const group = 'Environment';

/** Settings of `profile` that have no flag, only an environment variable. */
export const environment = {
  httpConnectionLimit: integer({
    env: 'AIPERF_HTTP_CONNECTION_LIMIT',
    group,
    min: 1,
    default: 2500,
    help: 'Maximum number of open connections.',
  }),
  httpIpVersion: choice(['4', '6', 'auto'], {
    env: 'AIPERF_HTTP_IP_VERSION',
    group,
    default: 'auto',
    help: 'IP version that host names are resolved to.',
  }),
  httpSslVerify: flag({
    env: 'AIPERF_HTTP_SSL_VERIFY',
    group,
    default: true,
    help: "Verify the server's certificate; --tls-insecure turns this off too.",
  }),
  httpTrustEnv: flag({
    env: 'AIPERF_HTTP_TRUST_ENV',
    group,
    help: 'Honour HTTP_PROXY, HTTPS_PROXY and NO_PROXY; needs --transport undici.',
  }),
  httpKeepaliveTimeoutSeconds: number({
    env: 'AIPERF_HTTP_KEEPALIVE_TIMEOUT',
    group,
    min: 0,
    default: 300,
    help: 'Seconds to keep an idle connection.',
  }),
  httpSessionAffinity: flag({
    env: 'AIPERF_HTTP_X_SESSION_AFFINITY_FROM_CORRELATION_ID',
    group,
    default: true,
    help: "Send the session's id as X-Session-Affinity too.",
  }),
  httpSessionId: flag({
    env: 'AIPERF_HTTP_X_SESSION_ID_FROM_CORRELATION_ID',
    group,
    help: "Send the session's id as X-Session-ID too.",
  }),
  httpSmgRoutingKey: flag({
    env: 'AIPERF_HTTP_X_SMG_ROUTING_KEY_FROM_CORRELATION_ID',
    group,
    help: "Send the session's id as X-SMG-Routing-Key too, which SGLang's gateway routes by.",
  }),
  httpDynamoSessionId: flag({
    env: 'AIPERF_HTTP_X_DYNAMO_SESSION_ID_FROM_CORRELATION_ID',
    group,
    help: "Send the session's id as X-Dynamo-Session-ID too, which Dynamo routes by.",
  }),
  httpMaxHeaderBytes: integer({
    env: responseLimits.headerBytes.env,
    group,
    min: 1024,
    max: 16 * 2 ** 20,
    default: responseLimits.headerBytes.default,
    help: 'Maximum bytes of response headers; a request whose response has more fails.',
  }),
  httpMaxMessageBytes: integer({
    env: responseLimits.messageBytes.env,
    group,
    min: 1024,
    max: 2 ** 29,
    default: responseLimits.messageBytes.default,
    help: 'Maximum bytes of one event of a stream, or of a whole body that is not an event stream.',
  }),
  httpMaxBodyBytes: integer({
    env: responseLimits.bodyBytes.env,
    group,
    min: 1024,
    default: responseLimits.bodyBytes.default,
    help: 'Maximum bytes of a response body.',
  }),
  timingMaxCatchupSeconds: number({
    env: 'AIPERF_TIMING_MAX_CATCHUP_SECONDS',
    group,
    min: 0,
    default: 0.01,
    help: 'How far a request rate may fall behind before the schedule is shifted instead of caught up.',
  }),
  datasetStreamAboveMb: number({
    env: 'AIPERF_DATASET_STREAM_ABOVE_MB',
    group,
    min: 0,
    default: 256,
    help: 'Size of an input file, decompressed, above which it is streamed instead of read into memory, MB.',
  }),
  timingRateRampUpdateIntervalSeconds: number({
    env: 'AIPERF_TIMING_RATE_RAMP_UPDATE_INTERVAL',
    group,
    above: 0,
    default: 0.1,
    help: 'Seconds between updates of a ramping rate.',
  }),
  timingCancelDrainTimeoutSeconds: number({
    env: 'AIPERF_TIMING_CANCEL_DRAIN_TIMEOUT',
    group,
    min: 0,
    default: 10,
    help: 'Seconds to wait for requests cancelled at the end of a grace period.',
  }),
  serverMetricsIntervalSeconds: number({
    env: 'AIPERF_SERVER_METRICS_COLLECTION_INTERVAL',
    group,
    min: 0.05,
    max: 300,
    default: 0.333,
    help: 'Seconds between two reads of a server metrics page.',
  }),
  gpuDefaultDcgmEndpoints: list({
    env: 'AIPERF_GPU_DEFAULT_DCGM_ENDPOINTS',
    group,
    items: 'URLs of DCGM exporters',
    item: isBaseUrl,
    // AIPerf takes a JSON list, too.
    as: (item) => item.replace(/^[[\s"']+|[\]\s"']+$/g, ''),
    default: ['http://localhost:9400/metrics', 'http://localhost:9401/metrics'],
    help: 'DCGM exporters that are read if they answer.',
  }),
  gpuCollectionIntervalSeconds: number({
    env: 'AIPERF_GPU_COLLECTION_INTERVAL',
    group,
    min: 0.05,
    max: 300,
    default: 0.333,
    help: 'Seconds between two samples of a GPU.',
  }),
  consoleExportWidth: integer({
    env: 'AIPERF_UI_CONSOLE_EXPORT_WIDTH',
    group,
    min: 40,
    max: 10_000,
    default: 140,
    help: 'Columns of tables in the console text file and without a terminal.',
  }),
  usagePctDiffThreshold: number({
    env: 'AIPERF_METRICS_USAGE_PCT_DIFF_THRESHOLD',
    group,
    min: 0,
    default: 10,
    help: "Percent by which the server's token counts may differ from ours before a panel warns.",
  }),
  oslMismatchPctThreshold: number({
    env: 'AIPERF_METRICS_OSL_MISMATCH_PCT_THRESHOLD',
    group,
    min: 0,
    default: 5,
    help: 'Percent by which an output may miss the requested length before a panel warns.',
  }),
  oslMismatchMaxTokenThreshold: integer({
    env: 'AIPERF_METRICS_OSL_MISMATCH_MAX_TOKEN_THRESHOLD',
    group,
    min: 0,
    default: 50,
    help: 'The same in tokens; the smaller of the two applies.',
  }),
} satisfies OptionTable;
