import type { TurnCheck } from '../dataset/dataset-options.js';
import type { BodyOptions, Endpoint } from './endpoint.js';
import { bodyOf } from './payload.js';

/** The check of a turn before the run: it can be sent if its body can be made. */
export function turnCheck(endpoint: Endpoint, options: BodyOptions): TurnCheck {
  return (turn, conversation) => {
    bodyOf(endpoint, { conversation, turn, past: [] }, options);
    return endpoint.unsent?.(turn) ?? [];
  };
}
