import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import { sleep } from '../../util/timeout.js';
import type { Nats } from './connection.js';
import { RETRY_EVERY_MS } from './retry.js';

/** A consumer whose server is silent for two heartbeats is made anew. */
const HEARTBEAT_MS = 1000;
const EXPIRES_MS = 5000;

/** How to follow a stream. */
export interface FollowOptions {
  /** Called with what prevents it for now. */
  readonly onTrouble: (thrown: unknown) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Takes a message; the next one waits for it. */
export type OnMessage = (message: JsMsg) => void | Promise<void>;

/**
 * Calls `onMessage` for each message of a stream, from the first on, each once and in order, also across restarts of the
 * server: where the library's consumer ends, another one goes on behind the last message.
 */
export async function followStream(
  { js, onReconnect }: Nats,
  stream: string,
  onMessage: OnMessage,
  { onTrouble, signal }: FollowOptions,
): Promise<void> {
  let next = 1;
  while (!signal.aborted) {
    try {
      const consumer = await js.consumers.get(stream, {
        deliver_policy: 'by_start_sequence',
        opt_start_seq: next,
      });
      const messages = await consumer.consume({ expires: EXPIRES_MS, idle_heartbeat: HEARTBEAT_MS });
      const stop = () => messages.stop();
      signal.addEventListener('abort', stop, { once: true });
      // A restarted server has forgotten the consumer.
      const release = onReconnect(stop);
      for await (const message of messages) {
        if (signal.aborted) break;
        if (message.seq < next) continue;
        next = message.seq + 1;
        await onMessage(message);
        // A backlog must not keep other messages waiting: signs of life would come too late.
        await nextTurn();
      }
      release();
      signal.removeEventListener('abort', stop);
    } catch (thrown) {
      if (signal.aborted) return;
      onTrouble(thrown);
    }
    await sleep(RETRY_EVERY_MS, signal);
  }
}

/** A key of a bucket, its value (undefined: it was deleted), and its revision. */
export type KeyChange = (key: string, text: string | undefined, revision: number) => void;

/** Calls `onChange` for each key of a bucket, now and whenever it changes. */
export function followKeys(
  nats: Nats,
  bucket: string,
  onChange: KeyChange,
  options: FollowOptions,
): Promise<void> {
  const before = `$KV.${bucket}.`;
  const take = (message: JsMsg) => {
    const isGone = message.headers?.has('KV-Operation') === true;
    onChange(message.subject.slice(before.length), isGone ? undefined : message.string(), message.seq);
  };
  return followStream(nats, `KV_${bucket}`, take, options);
}
