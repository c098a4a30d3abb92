import { randomStream } from '../util/random.js';

// Each is one Qwen3 token after a space, and so is any sequence of them: a client with that tokenizer counts exactly
// the tokens that this server sent.
const words = `time year people way day man thing woman life child world school state family student group
country problem hand part place case week company system program question work government number night point
home water room mother area money story fact month lot right study book eye job word business issue side kind
head house service friend father power hour game line end member law car city community name president team
minute idea body information back parent face others level office door health person art war history party
result change morning reason research girl guy moment air teacher force education river field forest mountain
valley ocean island garden bridge winter summer spring autumn light shadow stone metal paper glass window table
chair corner market village street station train boat ship wind rain snow storm cloud sun moon star earth fire
bread milk fruit apple bird horse fish tree leaf root flower seed grass road path wall roof floor clock watch
bell song dance voice sound color red blue green white black yellow brown small large great little long short
high low young old early late good better best warm cold quick slow quiet bright dark deep wide open close near
far`
  .split(/\s+/)
  .map((word) => ` ${word}`);

const firstWord = 'The';
const ringLength = 4096;

/** Text and jitter of all responses, fixed by a seed; a response is the part that starts at its key. */
export interface TokenScript {
  /** The text of token `index` of the response `key`. Only ASCII letters and spaces. */
  token(key: number, index: number): string;
  /** Jitter of the gap before token `index` of the response `key`, uniform from -1 to 1. */
  jitter(key: number, index: number): number;
}

export function writeScript(seed: number): TokenScript {
  const random = randomStream(seed, 'mock-server-script');
  const text = Array.from({ length: ringLength }, () => words[random.integer(words.length)] ?? '');
  const jitters = Float64Array.from({ length: ringLength }, () => 2 * random.uniform() - 1);
  return {
    token: (key, index) => (index === 0 ? firstWord : (text[(key + index) % ringLength] ?? '')),
    jitter: (key, index) => jitters[(key + index) % ringLength] ?? 0,
  };
}
