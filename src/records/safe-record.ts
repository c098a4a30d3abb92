import { mapHidden, secretsIn } from '../util/secret-names.js';
import { jsonWithoutSecrets, withoutSecrets, withoutUnmistakable } from '../util/secrets.js';
import type { RawExchange, RecordError, RequestRecord } from './record.js';

/**
 * An error without secrets: servers echo what they refuse, keys included.
 * @param secrets of its request only.
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

/**
 * A raw exchange without secrets, ready for a file: values under secret keys of the request are masked, in the response
 * as well.
 */
export function safeRaw({ payload, ...rest }: RawExchange): RawExchange {
  const secrets = secretsIn(payload);
  const exchange = { ...rest, payload: jsonWithoutSecrets(payload, secrets) };
  return secrets.length === 0 ? exchange : { ...exchange, units: unitsWithout(exchange.units, secrets) };
}

/** The record without secrets of the run in its response. Texts whose tokens are counted lose no ordinary word. */
export function safeRecord(record: RequestRecord): RequestRecord {
  const { text, reasoning, usage, raw, finishReason } = record;
  return {
    ...record,
    text: text && withoutUnmistakable(text),
    reasoning: reasoning && withoutUnmistakable(reasoning),
    usage: usage && textsWithout(usage, []),
    raw: raw && { ...raw, units: unitsWithout(raw.units, []) },
    finishReason: finishReason && withoutSecrets(finishReason),
  };
}

function unitsWithout(units: RawExchange['units'], secrets: readonly string[]): RawExchange['units'] {
  return units.map((unit) => textsWithout(unit, secrets));
}

/** Masks secrets in all texts of a value; numbers and keys are unchanged. */
function textsWithout<Value>(value: Value, secrets: readonly string[]): Value {
  const shown = (text: string) => withoutSecrets(text, secrets);
  return mapHidden(value, { hides: () => false, hidden: () => '', shown }) as Value;
}
