import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { changingPage } from './metrics-pages.js';

// A server of Prometheus pages: /0/metrics, /1/metrics, … Arguments: pages, series of each, share of values that change.

const [pages = 16, series = 2000, changing = 4] = process.argv.slice(2).map(Number);
const all = Array.from({ length: pages }, () => changingPage(series, changing));
const server = createServer((request, response) => {
  const found = all[Number(request.url?.split('/')[1])];
  if (found === undefined) {
    response.writeHead(404).end();
    return;
  }
  found.advance();
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': found.page.length });
  response.end(Buffer.from(found.page));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
