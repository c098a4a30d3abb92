import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinned, SERVER_CORE } from './machine.js';
import { type Finished, type RunOptions, run } from './process.js';
import { ourCli } from './servers.js';

/** A nats-server with JetStream and an empty folder. */
export interface NatsServer {
  readonly url: string;
  stop(): Promise<void>;
}

// A bench that fails must leave none behind.
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
});

/** On the servers' core. @throws Error where there is no nats-server. */
export async function startNats(): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'aiperf-bench-nats-'));
  const port = await freePort();
  const [program = '', ...words] = pinned(SERVER_CORE, [
    ...['nats-server', '-js', '-sd', folder, '-a', '127.0.0.1', '-p', String(port)],
  ]);
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  running.add(child);
  let said = '';
  for await (const chunk of child.stderr) {
    said += String(chunk);
    if (said.includes('Server is ready')) break;
  }
  if (!said.includes('Server is ready')) throw new Error(`nats-server did not start: ${said}`);
  return {
    url: `nats://127.0.0.1:${port}`,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An agent of one run, which ends with it; its records wait in `folder`. */
export function startAgent(
  nats: NatsServer,
  runId: string,
  shard: number,
  folder: string,
  options: RunOptions = {},
): Promise<Finished> {
  const words = ['--nats', nats.url, '--run-id', runId, '--shard', String(shard), '--once'];
  return run([process.execPath, ourCli, 'agent', ...words, '--spool-dir', folder], {
    ...options,
    onStart: (child) => {
      running.add(child);
      child.once('exit', () => running.delete(child));
      options.onStart?.(child);
    },
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}
