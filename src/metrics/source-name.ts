/** A page as tables name it: host, port and path without `/metrics`. @param url `http://127.0.0.1:8000/gpu/metrics`. */
export function sourceName(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/metrics\/?$/, '');
}
