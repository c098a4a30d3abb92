/** Whether a text is a server's base URL: http, https or no scheme, a host, and no port outside 1 to 65535. */
export function isBaseUrl(text: string): boolean {
  const withScheme = text.includes('://') ? text : `http://${text}`;
  // URL reads http:///path as the host "path".
  if (/\s/.test(text) || !/:\/\/[^/\\?#]/.test(withScheme) || !URL.canParse(withScheme)) return false;
  const { protocol, hostname, port } = new URL(withScheme);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' && port !== '0';
}
