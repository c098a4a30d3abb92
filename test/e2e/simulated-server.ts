import { startAiperf } from './aiperf.js';

export interface SimulatedServer {
  readonly url: string;
  close(): Promise<unknown>;
}

/** `aiperf mock-server` in a process of its own, on a free port. */
export async function startSimulatedServer(
  options: Readonly<Record<string, string | number>> = {},
): Promise<SimulatedServer> {
  const words = Object.entries({ port: 0, ...options }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const { child, ended } = startAiperf(['mock-server', ...words]);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (text: string) => {
      const found = /listening on (\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    ended.then(({ stderr }) => reject(new Error(`the simulated server has ended: ${stderr}`)), reject);
  });
  return {
    url,
    close: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
