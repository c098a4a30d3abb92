import type { HrTime } from '@opentelemetry/api';

const NS_PER_SECOND = 1_000_000_000n;

/** Wall-clock ns since 1970 as OpenTelemetry's pair of seconds and ns. */
export function hrTime(ns: bigint): HrTime {
  return [Number(ns / NS_PER_SECOND), Number(ns % NS_PER_SECOND)];
}
