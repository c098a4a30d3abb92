/** Digits of every value: pages of one size whose values change in place. */
const DIGITS = 10;

/** A Prometheus page whose next version is one call away. */
export interface ChangingPage {
  /** The page as it is now. */
  readonly page: Buffer;
  /** Lets a share of the values grow. */
  advance(): void;
}

/**
 * A page of `series` sample lines with names and labels of vLLM's lengths: histograms of 20 buckets, counters, gauges.
 * @param changing every so many values grow.
 */
export function changingPage(series: number, changing: number): ChangingPage {
  const lines: string[] = [];
  const labels = 'engine="0",model_name="Qwen/Qwen3-0.6B"';
  for (let family = 0; lines.length < series; family++) {
    const name = `vllm:request_part_${family}_time_seconds`;
    lines.push(
      `# HELP ${name} Histogram of a part of the time of requests in seconds.\n# TYPE ${name} histogram`,
    );
    for (let bucket = 0; bucket < 20; bucket++) lines.push(`${name}_bucket{${labels},le="${bucket / 4}"} @`);
    lines.push(`${name}_count{${labels}} @`, `${name}_sum{${labels}} @`);
  }
  const text = lines.join('\n').replaceAll('@', '1'.padEnd(DIGITS, '0'));
  const page = Buffer.from(`${text}\n`);
  const places: number[] = [];
  for (let at = page.indexOf('} '); at !== -1; at = page.indexOf('} ', at + 1)) places.push(at + 2);
  let count = 10 ** (DIGITS - 1);
  return {
    page,
    advance() {
      count += 17;
      for (let i = 0; i < places.length; i += changing) page.write(String(count), places[i] ?? 0, 'latin1');
    },
  };
}
