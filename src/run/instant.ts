import type { Codec } from '../util/codec.js';

/** A UTC instant without an offset, `2026-01-01T00:00:01.331000`, as ns since 1970. */
export const instant: Codec<bigint> = {
  read: (json) => {
    const [, seconds, micros] =
      /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})$/.exec(typeof json === 'string' ? json : '') ?? [];
    if (seconds === undefined || micros === undefined) return undefined;
    return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(micros) * 1000n;
  },
  write: (epochNs) => {
    const milliseconds = new Date(Number(epochNs / 1_000_000n)).toISOString().slice(0, -1);
    return milliseconds + String((epochNs / 1000n) % 1000n).padStart(3, '0');
  },
};
