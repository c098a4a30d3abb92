/** What a collector takes at an address of its own. */
export type Signal = 'metrics' | 'traces';

/**
 * Where a collector takes a signal.
 * @param url base URL, with or without a path and `/v1/metrics`.
 */
export function signalUrl(url: string, signal: Signal): string {
  const at = new URL(url);
  at.pathname = `${at.pathname.replace(/\/+$/, '').replace(/\/v1\/(metrics|traces)$/, '')}/v1/${signal}`;
  return at.href;
}
