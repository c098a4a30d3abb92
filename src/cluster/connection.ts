import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { type ObjectStore, Objm } from '@nats-io/obj';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { messageOf, UserError } from '../util/errors.js';
import { withoutSecrets } from '../util/secrets.js';
import { sleep } from '../util/timeout.js';

/** How to reach NATS. */
export interface NatsOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** Content of PEM files. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
  /** How long to try to reach a server that is not up yet. */
  readonly waitSeconds?: number;
}

/** A connection to NATS that comes back by itself, as often as needed. */
export interface Nats {
  readonly core: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly buckets: Kvm;
  readonly stores: Objm;
  /** Bytes of the largest message. */
  readonly maxBytes: number;
  readonly isConnected: boolean;
  /** Monotonic ms of the last time that the connection came back, or was made. */
  readonly connectedAtMs: number;
  /** Calls `act` whenever the connection comes back. @returns a function that stops it. */
  onReconnect(act: () => void): () => void;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5000;
const RECONNECT_EVERY_MS = 250;
/** Room for a shard's report of its threads; records are split into messages of any size. */
const MIN_MESSAGE_BYTES = 64 << 10;

/**
 * Connects to a server with JetStream.
 * @param name of this client on the server. @param nowMs a monotonic clock. @param notify called when the connection is lost or back.
 * @param ending ends the wait for a server that is not up yet.
 * @throws UserError for a server that cannot be reached or refuses, or has no JetStream.
 */
export async function openNats(
  { url, token, tls, waitSeconds = 0 }: NatsOptions,
  name: string,
  nowMs: () => number,
  notify: (what: string) => void = () => {},
  ending: AbortSignal = new AbortController().signal,
): Promise<Nats> {
  const attempt = () =>
    connect({
      servers: url,
      name,
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_EVERY_MS,
      // A restarted server may refuse for a moment, and the token is known to be right.
      ignoreAuthErrorAbort: true,
      ...(token === undefined ? {} : { token }),
      ...(tls === undefined ? {} : { tls }),
    });
  const giveUpMs = nowMs() + waitSeconds * 1000;
  let core: NatsConnection | undefined;
  while (core === undefined) {
    try {
      core = await attempt();
    } catch (thrown) {
      if (nowMs() >= giveUpMs || ending.aborted || isRefusal(thrown))
        throw unreachable(url, thrown, token !== undefined);
      await sleep(RECONNECT_EVERY_MS, ending);
    }
  }
  const maxBytes = core.info?.max_payload ?? 2 ** 20;
  if (maxBytes < MIN_MESSAGE_BYTES) {
    await core.close();
    throw new UserError(
      `The NATS server ${withoutSecrets(url)} takes messages of at most ${maxBytes} bytes, and ${MIN_MESSAGE_BYTES} are needed.`,
      'Raise max_payload in its configuration; its default is 1MB.',
    );
  }
  const js = jetstream(core);
  const jsm = await jetstreamManager(core).catch(async (thrown: unknown) => {
    await core.close();
    throw new UserError(
      `The NATS server ${withoutSecrets(url)} has no JetStream (${messageOf(thrown)}).`,
      'Start it with: nats-server -js -sd FOLDER',
    );
  });
  let isConnected = true;
  let connectedAtMs = nowMs();
  const reconnected = new Set<() => void>();
  void (async () => {
    for await (const { type } of core.status()) {
      if (type === 'disconnect') {
        if (isConnected) notify('the connection to NATS is lost: the run goes on, and records wait on disk');
        isConnected = false;
      } else if (type === 'reconnect') {
        isConnected = true;
        connectedAtMs = nowMs();
        notify('the connection to NATS is back');
        for (const act of reconnected) act();
      }
    }
  })();
  return {
    core,
    js,
    jsm,
    buckets: new Kvm(js),
    stores: new Objm(js),
    maxBytes,
    get isConnected() {
      return isConnected;
    },
    get connectedAtMs() {
      return connectedAtMs;
    },
    onReconnect: (act) => {
      reconnected.add(act);
      return () => reconnected.delete(act);
    },
    close: () => core.close(),
  };
}

function isRefusal(thrown: unknown): boolean {
  return /authorization|authentication/i.test(messageOf(thrown));
}

function unreachable(url: string, thrown: unknown, hasToken: boolean): UserError {
  const why = messageOf(thrown);
  const where = withoutSecrets(url);
  if (isRefusal(thrown)) {
    return new UserError(
      `The NATS server ${where} refused the ${hasToken ? 'token' : 'connection: it needs a token'}.`,
      'Give its token with --nats-token-file, or in the environment variable AIPERF_NATS_TOKEN.',
    );
  }
  return new UserError(
    `The NATS server ${where} cannot be reached: ${why}.`,
    /certificate/i.test(why)
      ? 'Name its authority with --nats-ca-file, and the server as its certificate does: by a host name.'
      : 'Check --nats, that the server runs (nats-server -js -sd FOLDER), and that its port is open to this machine.',
  );
}

/** The key-value bucket of this name, made if it is missing. */
export function openBucket({ buckets }: Nats, name: string): Promise<KV> {
  return buckets.create(name, { history: 1, storage: 'file' });
}

/** The object store of this name, made if it is missing. */
export function openStore({ stores }: Nats, name: string): Promise<ObjectStore> {
  return stores.create(name, { storage: 'file' });
}

/** JetStream's code for a stream that is not there. */
const STREAM_NOT_FOUND = 10059;

/** Whether an error tells that a stream is gone: the server has lost its disk, or somebody deleted the stream. */
export function isStreamGone(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === STREAM_NOT_FOUND;
}
