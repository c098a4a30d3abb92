/** A time on the axis of a run: `0:07`, `12:30`, `1:02:03`. */
export function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A count at an axis: `950`, `1.2k`, `3.5M`. */
export function axisCount(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e3) return `${trimmed(value / 1e3)}k`;
  return trimmed(value);
}

/** Milliseconds at an axis: `250 ms`, `1.5 s`. */
export function axisDuration(ms: number): string {
  return Math.abs(ms) >= 1000 ? `${trimmed(ms / 1000)} s` : `${trimmed(ms)} ms`;
}

/** A share at an axis: `50 %`. */
export function axisShare(share: number): string {
  return `${trimmed(share * 100)} %`;
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(3)));
}
