import { JetStreamApiError } from '@nats-io/jetstream';
import { UserError } from '../../util/errors.js';
import { sleep } from '../../util/timeout.js';
import { notPossible } from './refusals.js';

/** The wait after something that NATS did not do. */
export const RETRY_EVERY_MS = 250;

/**
 * Tries until it succeeds, also across an outage of NATS.
 * @param onTrouble called with what prevents it for now. @returns undefined if the signal came first.
 */
export async function insist<Value>(
  act: () => Promise<Value>,
  until: AbortSignal,
  onTrouble: (thrown: unknown) => void,
): Promise<Value | undefined> {
  while (!until.aborted) {
    try {
      return await act();
    } catch (thrown) {
      onTrouble(thrown);
      await sleep(RETRY_EVERY_MS, until);
    }
  }
  return undefined;
}

/** JetStream's code for a server that is not ready yet. */
const NOT_READY = 10008;

/** How long to ask a NATS server that does not answer. */
export interface AskOptions {
  readonly nowMs: () => number;
  readonly limitMs: number;
}

/**
 * Tries until NATS answers, also across an outage, but not for ever; a refusal ends it at once.
 * @throws UserError with the reason.
 */
export async function ask<Value>(act: () => Promise<Value>, { nowMs, limitMs }: AskOptions): Promise<Value> {
  const untilMs = nowMs() + limitMs;
  for (;;) {
    try {
      return await act();
    } catch (thrown) {
      const isFinal =
        thrown instanceof UserError || (thrown instanceof JetStreamApiError && thrown.code !== NOT_READY);
      if (isFinal || nowMs() >= untilMs) throw notPossible(thrown);
      await sleep(RETRY_EVERY_MS, new AbortController().signal);
    }
  }
}
