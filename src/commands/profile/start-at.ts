import type { LoadPlan } from '../../load/plan.js';
import type { LoadSource } from '../../load/source.js';
import { durationWords } from '../../report/figures.js';
import type { Clock } from '../../util/clock.js';
import type { Log } from '../../util/log.js';
import { sleep } from '../../util/timeout.js';

/** A start that is further away may be a typing error. */
const FAR_MS = 3_600_000;

/** Judges `--start-at`. @param atMs undefined: not given. @param nowMs both since 1970. @param name of the option. */
export function judgeStart(
  atMs: number | undefined,
  nowMs: number,
  name: string,
): { readonly errors: readonly string[]; readonly warnings: readonly string[] } {
  if (atMs === undefined) return { errors: [], warnings: [] };
  const [given, now] = [atMs, nowMs].map((ms) => new Date(ms).toISOString());
  if (atMs <= nowMs)
    return { errors: [`${name} must be in the future, got ${given}; it is ${now} now.`], warnings: [] };
  const far = `${name} ${given} is ${durationWords(atMs - nowMs)} away: check the date and the zone.`;
  return { errors: [], warnings: atMs - nowMs > FAR_MS ? [far] : [] };
}

/** `waiting 12.0 s until 2026-01-01T00:00:00.000Z`. @param atMs since 1970, as `nowMs`. */
export function waitText(atMs: number, nowMs: number): string {
  return `waiting ${durationWords(Math.max(0, atMs - nowMs))} until ${new Date(atMs).toISOString()}`;
}

// Threads must be awake before the load begins.
const AWAKE_MS = 20;

/**
 * Has a source start its profiling phase at a time; a warm-up begins as soon as it is ready.
 * @param atMs since 1970. @param isLater the time is that of a later run of a series.
 */
export function startingAt(
  source: LoadSource,
  { atMs, isLater }: { readonly atMs: number; readonly isLater: boolean },
  { phases }: Pick<LoadPlan, 'phases'>,
  clock: Clock,
  log: Log,
): LoadSource {
  const { epochNs } = clock.origin;
  const atNs = Number(BigInt(Math.round(atMs * 1000)) * 1000n - epochNs);
  return {
    ...source,
    startOf: async (phase, earliestNs, signal) => {
      if (phases[phase]?.name !== 'profiling') return earliestNs;
      const waitMs = (atNs - earliestNs) / 1e6;
      const time = new Date(atMs).toISOString();
      if (waitMs < 0) {
        log(
          'WARNING',
          'load',
          `this machine was not ready at ${time}: it starts ${(-waitMs / 1000).toFixed(1)} s late. ${isLater ? 'Raise --start-every' : 'Choose a later --start-at'}`,
        );
        return earliestNs;
      }
      log('NOTICE', 'load', waitText(atMs, atMs - waitMs));
      await sleep(Math.max(0, waitMs - AWAKE_MS), signal);
      return atNs;
    },
  };
}
