import type { JsonObject } from '../util/json.js';
import { secretsIn } from '../util/secret-names.js';
import { withoutSecrets } from '../util/secrets.js';
import type { RecordError } from './record.js';

/**
 * A failure as it may go anywhere: servers send back what they refuse, keys included.
 * @param body of the request, whose own secrets are those of no other.
 */
export function safeError(error: RecordError, body: JsonObject): RecordError {
  const secrets = secretsIn(body);
  const clean = (text: string) => withoutSecrets(text, secrets);
  return {
    ...error,
    type: clean(error.type),
    message: clean(error.message),
    ...(error.cause === undefined ? {} : { cause: clean(error.cause) }),
    ...(error.causeChain === undefined ? {} : { causeChain: error.causeChain.map(clean) }),
  };
}
