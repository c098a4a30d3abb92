/**
 * Where a collector takes a signal.
 * @param url base URL, with or without a path and `/v1/metrics`.
 */
export function signalUrl(url: string, signal: 'metrics' | 'traces'): string {
  const at = new URL(url);
  at.pathname = `${at.pathname.replace(/\/+$/, '').replace(/\/v1\/(metrics|traces)$/, '')}/v1/${signal}`;
  return at.href;
}
