import type { Quality } from '../trace/agentic/quality.js';
import type { ValueStatistics } from '../trace/value-counts.js';
import type { JsonObject } from '../util/json.js';

/** The figures of a synthesized data set as AIPerf writes them to `quality.json`; the last key is ours. */
export function qualityJson(quality: Quality, settings: JsonObject): string {
  const { ends, sessions } = quality;
  const fraction = (count: number) => rounded(count / Math.max(1, sessions), 4);
  const figures = quality.figures.filter(({ observed }) => observed !== undefined);
  const turns = quality.figures.find(({ name }) => name === 'turns_per_session')?.observed;
  const json = {
    config_summary: settings,
    observed_vs_target: Object.fromEntries(
      figures.map(({ name, target, observed }) => [
        name,
        {
          target_mean: target?.mean ?? null,
          target_median: target?.median ?? null,
          observed: statistics(observed),
          pct_error_mean: percentError(target?.mean, observed?.mean),
          pct_error_median: percentError(target?.median, observed?.median),
        },
      ]),
    ),
    session_stats: statistics(turns),
    session_end_stats: {
      total_sessions: sessions,
      forced_retires: ends.context,
      probabilistic_resets: ends.reset,
      target_turn_completions: ends.turns,
      restart_splits: ends.restart,
      retire_fraction: fraction(ends.context),
      reset_fraction: fraction(ends.reset),
      target_turn_fraction: fraction(ends.turns),
      restart_split_fraction: fraction(ends.restart),
      final_context_utilization: statistics(quality.lastContext),
    },
    x_aiperf_ts: { unlimited_cache_token_hit_rate: rounded(quality.cachedShare, 6) },
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function statistics(of: ValueStatistics | undefined): JsonObject | null {
  if (of === undefined) return null;
  const { count, mean, std, median, p5, p25, p75, p95, p99 } = of;
  const values = { mean, std, median, p05: p5, p25, p75, p95, p99 };
  return {
    count,
    ...Object.fromEntries(Object.entries(values).map(([key, value]) => [key, rounded(value, 2)])),
  };
}

function percentError(target: number | undefined, observed: number | undefined): number | null {
  if (target === undefined || observed === undefined) return null;
  return target === 0 ? 0 : rounded((Math.abs(observed - target) / target) * 100, 2);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
