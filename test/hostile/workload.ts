import fc from 'fast-check';
import type { Options } from '../e2e/aiperf.js';
import { type Behaviour, behaviours } from './hostile-server.js';

/** A small run, and how the server treats its requests. */
export interface Workload {
  readonly options: Options;
  /** Turns of the sessions of a fixed schedule; the first turn of each has a time. */
  readonly schedule: readonly (readonly Timing[])[] | undefined;
  readonly script: readonly Behaviour[];
  /** When it is interrupted after its start; undefined: it is not. */
  readonly interruptMs: number | undefined;
}

interface Timing {
  readonly timestamp?: number;
  readonly delay?: number;
}

type Mode = 'closed' | 'rate' | 'fixed' | 'users';

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
const ms = (most: number) => fc.integer({ min: 1, max: most }).map((n) => n / 1000);

/** All combinations that the options allow. */
export const workloads: fc.Arbitrary<Workload> = fc
  .record({
    mode: fc.constantFrom<Mode>('closed', 'rate', 'fixed', 'users'),
    script: fc.array(fc.constantFrom(...behaviours, 'stream', 'whole', 'stream'), {
      minLength: 1,
      maxLength: 12,
    }),
    threads: fc.integer({ min: 1, max: 4 }),
    concurrency: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 8 }) }, fc.constant(100)),
    warmupConcurrency: fc.constantFrom(1, 3, 8, 100),
    hasCeiling: fc.boolean(),
    prefill: maybe(fc.integer({ min: 1, max: 8 })),
    streaming: fc.boolean(),
    requests: maybe(fc.integer({ min: 1, max: 16 })),
    sessions: maybe(fc.integer({ min: 1, max: 6 })),
    duration: maybe(ms(400)),
    grace: maybe(fc.constantFrom(0, 0.05, 0.2, 'inf')),
    turns: fc.integer({ min: 1, max: 3 }),
    delayMs: fc.constantFrom(0, 1, 30),
    rate: fc.integer({ min: 20, max: 400 }),
    pattern: fc.constantFrom('constant', 'poisson', 'gamma'),
    users: fc.integer({ min: 1, max: 4 }),
    ramp: maybe(ms(300)),
    cancellation: maybe(
      fc.record({ rate: fc.integer({ min: 0, max: 100 }), delay: fc.constantFrom(0, 0.002, 0.05) }),
    ),
    warmup: maybe(
      fc.record(
        {
          'warmup-request-count': fc.integer({ min: 1, max: 6 }),
          'num-warmup-sessions': fc.integer({ min: 1, max: 3 }),
          'warmup-duration': ms(200),
        },
        { requiredKeys: [] },
      ),
    ),
    warmupRate: maybe(fc.integer({ min: 30, max: 200 })),
    transport: fc.constantFrom('http', 'http', 'undici'),
    isRaw: fc.boolean(),
    secret: fc.integer({ min: 0, max: 2 ** 40 }).map((n) => `key-${(n + 2 ** 40).toString(36)}`),
    reuse: fc.constantFrom('pooled', 'never', 'sticky-user-sessions'),
    // The longer ones do not fit into one write.
    isl: fc.constantFrom(5, 5, 5, 30_000),
    seed: fc.integer({ min: 0, max: 1e6 }),
    interruptMs: fc.option(fc.integer({ min: 200, max: 1500 }), { nil: undefined, freq: 3 }),
    schedule: fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 300 }),
        later: fc.array(
          fc.oneof(
            fc.constant({}),
            fc.record({ delay: fc.integer({ min: 0, max: 50 }) }),
            fc.record({ timestamp: fc.integer({ min: 0, max: 400 }) }),
          ),
          { maxLength: 2 },
        ),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  })
  .map((draw) => {
    const { mode, streaming, cancellation, warmup, delayMs } = draw;
    const isFixed = mode === 'fixed';
    const turns = mode === 'users' ? Math.max(2, draw.turns) : draw.turns;
    const isEndless = [draw.requests, draw.sessions, draw.duration].every((stop) => stop === undefined);
    const bounded = isEndless && draw.concurrency > 8 ? 16 : draw.requests;
    const requests = bounded === undefined || mode !== 'users' ? bounded : bounded + 4;
    const sessions = draw.sessions === undefined || mode !== 'users' ? draw.sessions : draw.sessions + 4;
    const hasConcurrency = mode === 'closed' || draw.hasCeiling;
    const warms = warmup !== undefined && Object.keys(warmup).length > 0;
    const prefill = streaming ? draw.prefill : undefined;
    const options = {
      ...{ model: 'm', tokenizer: 'builtin', 'random-seed': draw.seed, 'load-threads': draw.threads },
      ...{ 'request-timeout-seconds': 0.3, 'connection-reuse-strategy': draw.reuse },
      streaming: streaming || undefined,
      transport: draw.transport,
      'export-level': draw.isRaw ? 'raw' : undefined,
      'api-key': draw.secret,
      concurrency: hasConcurrency ? draw.concurrency : undefined,
      'concurrency-ramp-duration': hasConcurrency ? draw.ramp : undefined,
      'prefill-concurrency': prefill && (hasConcurrency ? Math.min(prefill, draw.concurrency) : prefill),
      'request-count': requests,
      'conversation-num': sessions,
      'benchmark-duration': draw.duration,
      'benchmark-grace-period': draw.duration === undefined ? undefined : draw.grace,
      'request-cancellation-rate': cancellation?.rate,
      'request-cancellation-delay': cancellation?.delay,
      ...(warms ? { ...warmup, 'warmup-request-rate': draw.warmupRate } : {}),
      // Not below the limit of prefill, which is inherited.
      'warmup-concurrency': warms ? Math.max(draw.warmupConcurrency, prefill ?? 0) : undefined,
      ...(isFixed
        ? { 'fixed-schedule': true as const }
        : { isl: draw.isl, osl: 3, 'conversation-turn-mean': turns }),
      'conversation-turn-delay-mean': !isFixed && turns > 1 && mode !== 'users' ? delayMs : undefined,
      ...(mode === 'rate'
        ? {
            'request-rate': draw.rate,
            'arrival-pattern': draw.pattern,
            'request-rate-ramp-duration': draw.ramp,
          }
        : {}),
      ...(mode === 'users' ? { 'user-centric-rate': draw.rate / 2, 'num-users': draw.users } : {}),
    };
    const schedule = draw.schedule.map(({ at, later }) => [{ timestamp: at }, ...later]);
    const { script, interruptMs } = draw;
    return { options: defined(options), schedule: isFixed ? schedule : undefined, script, interruptMs };
  });

function defined(options: Readonly<Record<string, string | number | true | undefined>>): Options {
  const given: Record<string, string | number | true> = {};
  for (const [name, value] of Object.entries(options)) if (value !== undefined) given[name] = value;
  return given;
}
