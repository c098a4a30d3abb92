import { type Random, randomStreams } from '../util/random.js';

/** How sessions select conversations. */
export type SamplingStrategy = 'sequential' | 'random' | 'shuffle';

/**
 * The conversation of a session, by session number; the same in every thread. `sequential`: dataset order, repeated;
 * `random`: uniform with replacement; `shuffle`: every conversation once per pass, each pass in a new order.
 */
export function openSampler(
  strategy: SamplingStrategy,
  size: number,
  seed: number,
): (ticket: number) => number {
  if (strategy === 'sequential') return (ticket) => ticket % size;
  const streams = randomStreams(seed, 'dataset-sampling');
  if (strategy === 'random') return (ticket) => streams(ticket).integer(size);

  let order: Uint32Array = new Uint32Array(0);
  let orderOf = -1;
  return (ticket) => {
    const pass = Math.floor(ticket / size);
    if (pass !== orderOf) {
      order = shuffled(size, streams(pass));
      orderOf = pass;
    }
    return order[ticket % size] ?? 0;
  };
}

/** 0 … size - 1 in random order (Fisher-Yates). */
function shuffled(size: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, index) => index);
  for (let last = size - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    const cached = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = cached;
  }
  return order;
}
