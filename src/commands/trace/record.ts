import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isBaseUrl, withScheme } from '../../config/base-url.js';
import type { OptionTable } from '../../config/option.js';
import { integer, text } from '../../config/option-kinds.js';
import { profileOptions } from '../../config/options.js';
import { startProxy } from '../../traffic/proxy/proxy.js';
import { openUpstream, type Upstream } from '../../traffic/proxy/upstream.js';
import { Recorder, type RecordingCounts } from '../../traffic/recorder.js';
import { openSecureContext } from '../../transport/tls-context.js';
import { counted } from '../../util/counted.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import { haveV8YieldToLoadThreads } from '../../util/priority.js';
import type { Command, Invocation } from '../command.js';
import { tlsOptionsOf } from '../profile/connections.js';
import { trafficOptions, trafficTokenizer, writtenTrace } from './traffic.js';

const { tlsCaFile, tlsCertFile, tlsKeyFile, tlsInsecure, httpSslVerify } = profileOptions;

const recordOptions = {
  upstream: text({
    flags: ['--upstream'],
    group: 'Proxy',
    metavar: '<url>',
    required: true,
    missing: 'name the server, e.g. --upstream http://localhost:8000',
    help: 'Server that requests are passed on to.',
  }),
  port: integer({
    flags: ['--port', '-p'],
    group: 'Proxy',
    min: 0,
    max: 65_535,
    default: 8080,
    help: 'Port to listen on; 0: any free port. stdout shows "listening on URL".',
  }),
  host: text({
    flags: ['--host'],
    group: 'Proxy',
    metavar: '<address>',
    default: '127.0.0.1',
    help: 'Address to listen on. Whoever reaches it reaches the server.',
  }),
  queueMb: integer({
    flags: ['--queue-mb'],
    group: 'Proxy',
    min: 1,
    max: 2047,
    default: 256,
    help: 'Memory for bodies in MB. Requests beyond it pass through and are not recorded.',
  }),
  ...trafficOptions,
  ...{ tlsCaFile, tlsCertFile, tlsKeyFile, tlsInsecure, httpSslVerify },
} satisfies OptionTable;

/** `aiperf trace record`: passes requests on to a server, and writes a trace of them without text. */
export const command: Command<typeof recordOptions> = { options: recordOptions, run };

type RecordConfig = Invocation<typeof recordOptions>['config'];

async function run({ config }: Invocation<typeof recordOptions>, io: Io): Promise<number> {
  const { output, host, port, queueMb, blockSize } = config;
  const upstream = await upstreamOf(config);
  refuseLoop(upstream, host, port);
  refuseUnwritable(output);
  const recorder = new Recorder(await trafficTokenizer(config, io), blockSize, queueMb * 2 ** 20);
  let wasUnreachable = false;
  const events = {
    onExchange: recorder.take.bind(recorder),
    onUnreachable(reason: Error) {
      if (!wasUnreachable)
        io.stderr.write(
          `${upstream.origin} cannot be reached (${oneLine(connectFault(reason))}): requests are answered with 502\n`,
        );
      wasUnreachable = true;
    },
  };
  const proxy = await startProxy({ host, port }, upstream, recorder.budget, events).catch((cause) => {
    throw new UserError(
      `The proxy cannot listen on ${host}:${port}: ${messageOf(cause)}.`,
      '--port 0 picks a free port.',
    );
  });
  haveV8YieldToLoadThreads();
  const address = host.includes(':') ? `[${host}]` : host;
  io.stdout.write(`listening on http://${address}:${proxy.port}\n`);
  io.stderr.write(
    `Recording requests to ${upstream.origin}. Ctrl-C ends the recording and writes ${oneLine(output)}.\n`,
  );
  let isStopped = false;
  recorder.failure.catch((thrown) => {
    if (isStopped) return;
    io.stderr.write(`${oneLine(messageOf(thrown))}: requests still pass through, and are not recorded\n`);
  });
  await untilStopped(io, proxy);
  isStopped = true;
  const { counts, size, notes } = await recorder.finish(output, config);
  if (size.rows === 0) {
    throw new UserError(
      `nothing was recorded: ${countsText(counts)}`,
      `send requests to http://${address}:${proxy.port}`,
    );
  }
  io.stdout.write(
    `${[...writtenTrace(config, size, notes), `Requests: ${countsText(counts)}.`].join('\n')}\n`,
  );
  return 0;
}

/** Waits for a signal, then for the requests in flight; a second signal cuts these. */
async function untilStopped(io: Io, proxy: Awaited<ReturnType<typeof startProxy>>): Promise<void> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  await new Promise<void>((resolve) => {
    const stop = io.onSignals(signals, () => {
      stop();
      resolve();
    });
  });
  const { inFlight } = proxy;
  if (inFlight > 0) {
    io.stderr.write(`Waiting for ${counted(inFlight, 'request')} in flight. Ctrl-C again cuts them.\n`);
  }
  const stop = io.onSignals(signals, () => proxy.cut());
  await proxy.drain();
  stop();
}

async function upstreamOf(config: RecordConfig): Promise<Upstream> {
  const { upstream: given } = config;
  if (!isBaseUrl(given)) {
    throw new UserError('--upstream must be a URL such as http://localhost:8000');
  }
  const url = new URL(withScheme(given));
  if (url.username !== '' || url.password !== '') {
    throw new UserError(
      '--upstream holds a user name or password, which would not be sent',
      'clients send them in their own headers, which pass through',
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw new UserError(
      '--upstream must have no query',
      'clients send it with their requests, and it passes through',
    );
  }
  const tls = await tlsOptionsOf(config);
  const hasFiles = tls.ca !== undefined || tls.cert !== undefined;
  return openUpstream(url, { verify: tls.verify, context: hasFiles ? openSecureContext(tls) : undefined });
}

/** A proxy that passes requests on to itself would open connections without end. */
function refuseLoop(upstream: Upstream, host: string, port: number): void {
  const isLocal = (name: string) => /^(localhost|127(\.\d+){3}|::1|0\.0\.0\.0|::)$/.test(name);
  const target = upstream.hostname;
  if (upstream.port !== port || !(target === host || (isLocal(target) && isLocal(host)))) return;
  throw new UserError(
    `--upstream ${upstream.origin} is where the proxy itself would listen`,
    'choose another --port; 0 picks a free one',
  );
}

/** Of several addresses that were tried, the last one's. */
function connectFault(reason: Error): string {
  return messageOf(reason instanceof AggregateError ? reason.errors.at(-1) : reason);
}

/** Before the recording, not after it. */
function refuseUnwritable(output: string): void {
  try {
    accessSync(dirname(output), constants.W_OK);
    if (statSync(output, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a folder');
  } catch (thrown) {
    throw new UserError(`--output ${output} cannot be written: ${messageOf(thrown)}`);
  }
}

function countsText({ recorded, aborted, failed, other, dropped, unreachable }: RecordingCounts): string {
  return [
    `${recorded} recorded${aborted > 0 ? ` (${aborted} of them aborted by their clients)` : ''}`,
    `${failed} failed`,
    `${unreachable} without a server`,
    `${other} of other APIs`,
    `${dropped} not recorded because the queue was full`,
  ].join(', ');
}
