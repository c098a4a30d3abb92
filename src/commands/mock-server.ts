import type { OptionTable } from '../config/option.js';
import { choice, flag, integer, number, path, text } from '../config/option-kinds.js';
import { openTokenizer } from '../dataset/tokenizer/open.js';
import { startMockServer } from '../mock-server/server.js';
import { defaultSettings as usual } from '../mock-server/settings.js';
import { messageOf, UserError } from '../util/errors.js';
import type { Io } from '../util/io.js';
import type { Command, Invocation } from './command.js';

/** Options of `aiperf mock-server`. */
export const mockServerOptions = {
  host: text({
    flags: ['--host'],
    group: 'Server',
    metavar: '<address>',
    default: usual.host,
    help: 'Address to listen on.',
  }),
  port: integer({
    flags: ['--port', '-p'],
    group: 'Server',
    min: 0,
    max: 65_535,
    default: usual.port,
    help: 'Port to listen on; 0: any free port. stdout shows "listening on URL".',
  }),
  model: text({
    flags: ['--model', '-m'],
    group: 'Server',
    metavar: '<name>',
    default: usual.model,
    help: 'Model that /v1/models lists.',
  }),
  strictModel: flag({
    flags: ['--strict-model'],
    group: 'Server',
    help: 'Refuse requests for any other model with 404.',
  }),
  dialect: choice(['vllm', 'plain'], {
    flags: ['--dialect'],
    group: 'Server',
    default: usual.dialect,
    help: 'vllm: a role chunk first, the finish reason with the last token; plain: no role, a finish chunk.',
  }),
  seed: integer({
    flags: ['--seed'],
    group: 'Server',
    min: 0,
    default: usual.seed,
    help: 'Seed of texts, lengths, jitter and failures: the same seed gives a request the same response.',
  }),
  tokenLog: path({
    flags: ['--token-log'],
    group: 'Server',
    help: 'Log the send time of each token to this file as JSON lines, ns of CLOCK_MONOTONIC.',
  }),

  loadMs: number({
    flags: ['--load-time'],
    group: 'Pace',
    min: 0,
    default: usual.loadMs,
    help: 'Answer with 503 for N ms after the start, as a server that loads its model.',
  }),
  ttftMs: number({
    flags: ['--ttft'],
    group: 'Pace',
    min: 0,
    default: usual.ttftMs,
    help: 'Time to first token, ms.',
  }),
  ttftPerInputTokenMs: number({
    flags: ['--ttft-per-input-token'],
    group: 'Pace',
    min: 0,
    default: usual.ttftPerInputTokenMs,
    help: 'Add N ms for each prompt token that is not in the prefix cache.',
  }),
  itlMs: number({
    flags: ['--itl'],
    group: 'Pace',
    min: 0,
    default: usual.itlMs,
    help: 'Inter-token latency, ms.',
  }),
  itlJitter: number({
    flags: ['--itl-jitter'],
    group: 'Pace',
    min: 0,
    max: 1,
    default: usual.itlJitter,
    help: 'Jitter of each gap as a fraction of --itl: 0.2 draws from 0.8 to 1.2 times it.',
  }),
  timer: choice(['precise', 'low-cpu'], {
    flags: ['--timer'],
    group: 'Pace',
    default: usual.timer,
    help: 'precise: send tokens within microseconds, using a full core while any are due; low-cpu: a millisecond late.',
  }),
  slots: integer({
    flags: ['--slots'],
    group: 'Pace',
    min: 1,
    defaultText: 'no limit',
    help: 'Maximum concurrent requests; others wait in order of arrival.',
  }),

  bytesPerToken: number({
    flags: ['--bytes-per-token'],
    group: 'Prompt',
    above: 0,
    default: usual.bytesPerToken,
    help: 'Bytes of prompt text counted as one token.',
  }),
  exactTokens: flag({
    flags: ['--exact-tokens'],
    group: 'Prompt',
    help: "Count prompt tokens with Qwen3's tokenizer in place of --bytes-per-token; costs the server some time.",
  }),
  contextLimit: integer({
    flags: ['--context-limit'],
    group: 'Prompt',
    min: 1,
    defaultText: 'no limit',
    help: 'Maximum tokens of prompt and output together; larger requests are refused with 400.',
  }),
  prefixCache: flag({
    flags: ['--prefix-cache'],
    group: 'Prompt',
    help: 'Cache prompt prefixes in blocks of 512 tokens; cached tokens take no time and are reported.',
  }),
  kvCacheTokens: integer({
    flags: ['--kv-cache-tokens'],
    group: 'Prompt',
    min: 16,
    defaultText: 'no limit',
    help: 'Tokens that the KV cache holds: requests wait for room in it, and the newest are preempted when it is full.',
  }),

  outputTokens: integer({
    flags: ['--output-tokens'],
    group: 'Answer',
    min: 1,
    defaultText: 'max_tokens of the request, 128 without one',
    help: 'Stop after N tokens, unless a request sets ignore_eos.',
  }),
  outputStddev: number({
    flags: ['--output-stddev'],
    group: 'Answer',
    min: 0,
    default: usual.outputStddev,
    help: 'Standard deviation of the output length.',
  }),
  reasoningTokens: integer({
    flags: ['--reasoning-tokens'],
    group: 'Answer',
    min: 0,
    default: usual.reasoningTokens,
    help: 'Tokens at the start of a chat response to send as reasoning_content.',
  }),
  tokensPerChunk: integer({
    flags: ['--tokens-per-chunk'],
    group: 'Answer',
    min: 1,
    default: usual.tokensPerChunk,
    help: 'Tokens per stream event.',
  }),
  usage: choice(['always', 'on-request', 'never'], {
    flags: ['--usage'],
    group: 'Answer',
    default: usual.usage,
    help: 'Whether streams end with token counts; on-request: those with stream_options.include_usage.',
  }),

  gpus: integer({
    flags: ['--gpus'],
    group: 'GPUs',
    min: 0,
    max: 64,
    default: usual.gpus,
    help: 'Serve the page of a DCGM exporter with N GPUs at /gpu/metrics; power and utilization follow the running requests.',
  }),
  gpuPowerLimit: number({
    flags: ['--gpu-power-limit'],
    group: 'GPUs',
    above: 0,
    default: usual.gpuPowerLimit,
    help: 'Cap the power of each GPU at N watts. A GPU at full load asks for 640.',
  }),
  gpuFailAfter: integer({
    flags: ['--gpu-fail-after'],
    group: 'GPUs',
    min: 0,
    defaultText: 'never',
    help: 'Break the connection in place of the GPU page after N reads of it.',
  }),
  gpuFailReads: integer({
    flags: ['--gpu-fail-reads'],
    group: 'GPUs',
    min: 1,
    defaultText: 'all',
    help: 'Serve the GPU page again after N failed reads.',
  }),

  fail: integer({
    flags: ['--fail'],
    group: 'Failures',
    min: 1,
    defaultText: 'none',
    help: 'Refuse every N-th request.',
  }),
  failRate: number({
    flags: ['--fail-rate'],
    group: 'Failures',
    min: 0,
    max: 1,
    default: usual.failRate,
    help: 'Fraction of requests to refuse.',
  }),
  failStatus: integer({
    flags: ['--fail-status'],
    group: 'Failures',
    min: 400,
    max: 599,
    default: usual.failStatus,
    help: 'Status of refusals.',
  }),
  midfail: integer({
    flags: ['--midfail'],
    group: 'Failures',
    min: 1,
    defaultText: 'none',
    help: 'Break the connection half-way through every N-th request, if it streams.',
  }),
} satisfies OptionTable;

/** `aiperf mock-server`: runs a simulated inference server until interrupted. */
export const command: Command<typeof mockServerOptions> = { options: mockServerOptions, run };

async function run({ config }: Invocation<typeof mockServerOptions>, io: Io): Promise<number> {
  const tokenizer = config.exactTokens ? openTokenizer({ kind: 'shipped', name: 'builtin' }) : undefined;
  const countTokens = tokenizer && ((text: string) => tokenizer.count(text));
  const server = await startMockServer({ ...config, countTokens }).catch((cause) => {
    const where = `${config.host}:${config.port}`;
    throw new UserError(
      `The simulated server cannot start on ${where}: ${messageOf(cause)}.`,
      '--port 0 picks a free port; --token-log needs an existing folder.',
    );
  });
  io.stdout.write(`listening on http://${urlHost(config.host)}:${server.port}\n`);
  await new Promise<void>((resolve) => {
    const stop = io.onSignals(['SIGINT', 'SIGTERM'], () => {
      stop();
      resolve();
    });
  });
  await server.close();
  return 0;
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
