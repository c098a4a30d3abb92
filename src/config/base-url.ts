/** Whether a text is a base URL: http, https or no scheme, a host, and a port from 1 to 65535 if any. */
export function isBaseUrl(text: string): boolean {
  const url = withScheme(text);
  // URL reads http:///path as the host "path".
  if (/\s/.test(text) || !/:\/\/[^/\\?#]/.test(url) || !URL.canParse(url)) return false;
  const { protocol, hostname, port } = new URL(url);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' && port !== '0';
}

/** Adds `http://` if the URL has no scheme. */
export function withScheme(url: string): string {
  return url.includes('://') ? url : `http://${url}`;
}
