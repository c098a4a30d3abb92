import { connect, createServer } from 'node:net';

// Runs as a process of its own: relay.js PORT. Passes bytes on and reads none: what any proxy in Node costs.

const port = Number(process.argv[2]);
const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
  client.pipe(upstream).pipe(client);
  for (const socket of [client, upstream]) socket.on('error', () => {});
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (typeof address === 'object') process.stdout.write(`listening on http://127.0.0.1:${address?.port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
