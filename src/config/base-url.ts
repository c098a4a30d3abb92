/** Whether a text is a server's base URL: http, https or no scheme, a host, and no port outside 1 to 65535. */
export function isBaseUrl(text: string): boolean {
  const url = withScheme(text);
  // URL reads http:///path as the host "path".
  if (/\s/.test(text) || !/:\/\/[^/\\?#]/.test(url) || !URL.canParse(url)) return false;
  const { protocol, hostname, port } = new URL(url);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' && port !== '0';
}

/** The URL with the scheme that may be left out: `http://`. */
export function withScheme(url: string): string {
  return url.includes('://') ? url : `http://${url}`;
}
