import { withoutSecrets } from '../util/secrets.js';
import type { RecordError } from './record.js';

/**
 * A failure as it may go anywhere: servers send back what they refuse, keys included.
 * @param secrets of its request alone.
 */
export function safeError(error: RecordError, secrets: readonly string[]): RecordError {
  const clean = (text: string) => withoutSecrets(text, secrets);
  return {
    ...error,
    type: clean(error.type),
    message: clean(error.message),
    ...(error.cause === undefined ? {} : { cause: clean(error.cause) }),
    ...(error.causeChain === undefined ? {} : { causeChain: error.causeChain.map(clean) }),
  };
}
