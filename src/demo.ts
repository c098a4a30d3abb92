import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Starts a simulated server and profiles it, each as a user would run it.
const cli = fileURLToPath(new URL('./cli.js', import.meta.url));
const serverArguments = [
  'mock-server',
  '--port',
  '0',
  '--model',
  'demo',
  '--ttft',
  '60',
  '--itl',
  '8',
].concat(['--itl-jitter', '0.2', '--exact-tokens', '--timer', 'low-cpu']);
const profileArguments = (url: string) =>
  ['profile', '--model', 'demo', '--url', url, '--streaming', '--tokenizer', 'builtin']
    .concat([
      '--concurrency',
      '20',
      '--request-count',
      '200',
      '--isl',
      '500',
      '--osl',
      '100',
      '--random-seed',
      '1',
    ])
    .concat(['--artifact-dir', 'artifacts/demo']);

const server = spawn(process.execPath, [cli, ...serverArguments], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const [line]: string[] = await once(createInterface({ input: server.stdout }), 'line');
  const url = /http:\/\/\S+/.exec(line ?? '')?.[0];
  if (url === undefined) throw new Error(`the simulated server did not print its address: ${line}`);
  const profile = spawn(process.execPath, [cli, ...profileArguments(url)], { stdio: 'inherit' });
  const [code]: number[] = await once(profile, 'exit');
  process.exitCode = code ?? 1;
} finally {
  server.kill();
}
