import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { temporaryFolder } from '../e2e/aiperf.js';
import { freePort } from '../views/free-port.js';

/** Whether this machine has a nats-server; a test without one is skipped, and says so. */
export const hasNatsServer = spawnSync('nats-server', ['--version']).status === 0;
if (!hasNatsServer) process.stderr.write('skipped: there is no nats-server (apt-get install nats-server)\n');

/** A nats-server with JetStream in a folder of its own. */
export interface NatsServer {
  readonly url: string;
  /** Kills it without a chance to write anything. */
  kill(): Promise<void>;
  /** Starts it again with its folder. */
  restart(): Promise<void>;
  /** Starts it again as if it had lost its disk. */
  restartEmpty(): Promise<void>;
}

/** @param words further arguments. */
export async function startNats(...words: readonly string[]): Promise<NatsServer> {
  const port = await freePort();
  const folder = temporaryFolder();
  let child: ChildProcess;
  const start = async () => {
    child = spawn('nats-server', ['-js', '-sd', folder, '-a', '127.0.0.1', '-p', String(port), ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    while (!said.includes('Server is ready')) {
      if (child.exitCode !== null) throw new Error(`nats-server has ended: ${said}`);
      await wait(10);
    }
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    kill: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    restart: start,
    restartEmpty: async () => {
      rmSync(folder, { recursive: true, force: true });
      await start();
    },
  };
}
