import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { type ObjectStore, Objm } from '@nats-io/obj';
import { type NatsConnection, type ServerInfo, TimeoutError } from '@nats-io/transport-node';
import { messageOf, UserError } from '../../util/errors.js';
import { withoutSecrets } from '../../util/secrets.js';
import { sleep, Timeout } from '../../util/timeout.js';
import { connectLink } from './link.js';
import { refusalOf, requireUsable } from './refusals.js';

/** How to reach NATS. */
export interface NatsOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** Content of PEM files. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
  /** How long to try to reach a server that is not up yet. */
  readonly waitSeconds?: number;
  /** How long the server may take to answer before it counts as cut off. */
  readonly answerMs?: number;
}

/** A connection to NATS that is made anew as often as needed. */
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
  /** Monotonic ms of the last time that the server sent anything, at most some seconds ago while it can be reached. */
  readonly heardAtMs: number;
  /** Calls `act` whenever the connection comes back. @returns a function that stops it. */
  onReconnect(act: () => void): () => void;
  close(): Promise<void>;
}

const ANSWER_MS = 5000;
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
  options: NatsOptions,
  name: string,
  nowMs: () => number,
  notify: (what: string) => void = () => {},
  ending: AbortSignal = new AbortController().signal,
): Promise<Nats> {
  const { url, token, tls, waitSeconds = 0, answerMs = ANSWER_MS } = options;
  let heardAtMs = nowMs();
  let failure: Error | undefined;
  const link = {
    onData: () => {
      heardAtMs = nowMs();
    },
    onGreeting: (info: ServerInfo) => requireUsable(info, options),
    onFailure: (thrown: Error) => {
      failure = thrown;
    },
  };
  const attempt = () =>
    connectLink(
      {
        servers: url,
        name,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_EVERY_MS,
        pingInterval: answerMs / 2,
        maxPingOut: 2,
        // A restarted server may refuse for a moment, and the token is known to be right.
        ignoreAuthErrorAbort: true,
        ...(token === undefined ? {} : { token }),
        ...(tls === undefined ? {} : { tls }),
      },
      link,
      answerMs,
    );
  const giveUpMs = nowMs() + waitSeconds * 1000;
  let core: NatsConnection | undefined;
  while (core === undefined) {
    try {
      core = await attempt();
    } catch (thrown) {
      const { error, isFinal } = refusalOf((thrown instanceof TimeoutError && failure) || thrown, options);
      if (nowMs() >= giveUpMs || ending.aborted || isFinal) throw error;
      failure = undefined;
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
  const jsm = await manageStreams(core, answerMs).catch(async (thrown: unknown) => {
    await core.close();
    const where = `The NATS server ${withoutSecrets(url)}`;
    if (thrown instanceof TimeoutError)
      throw new UserError(
        `${where} does not answer a request for JetStream within ${answerMs / 1000} s.`,
        'See the log of nats-server: it may be overloaded, or its disk too slow.',
      );
    throw new UserError(
      `${where} has no JetStream (${messageOf(thrown)}).`,
      /account/.test(messageOf(thrown))
        ? 'Enable JetStream for the account that the connection belongs to.'
        : 'Start it with: nats-server -js -sd FOLDER',
    );
  });
  let isConnected = true;
  let connectedAtMs = nowMs();
  const reconnected = new Set<() => void>();
  /** Runs from a reconnection on: a server that answers no request is left and found again and again. */
  let back: Timeout | undefined;
  let isLossReported = false;
  void (async () => {
    for await (const { type } of core.status()) {
      if (type === 'disconnect') {
        back?.clear();
        if (!isLossReported)
          notify('the connection to NATS is lost: the run goes on, and records wait on disk');
        isLossReported = true;
        isConnected = false;
      } else if (type === 'reconnect') {
        isConnected = true;
        connectedAtMs = nowMs();
        back = new Timeout(() => {
          isLossReported = false;
          notify('the connection to NATS is back');
        }, 2 * answerMs).unref();
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
    get heardAtMs() {
      return heardAtMs;
    },
    onReconnect: (act) => {
      reconnected.add(act);
      return () => reconnected.delete(act);
    },
    close: () => {
      back?.clear();
      return core.close();
    },
  };
}

/** @throws what the server answers, or TimeoutError: a busy machine may miss the first answer, so it is asked twice. */
async function manageStreams(core: NatsConnection, timeout: number): Promise<JetStreamManager> {
  const ask = () => jetstreamManager(core, { timeout });
  return ask().catch((thrown: unknown) => {
    if (thrown instanceof TimeoutError) return ask();
    throw thrown;
  });
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
