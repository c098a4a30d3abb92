import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Checks what docs/fidelity.md promises: a starved client is reported as the limit, and a healthy one is not. Needs
// taskset and two cores without other load.

const cli = fileURLToPath(new URL('../cli.js', import.meta.url));
const starve = fileURLToPath(new URL('./starve.js', import.meta.url));
const onCore = (core: number, ...words: readonly string[]) => ['taskset', '-c', `${core}`, ...words];

const cases = [
  { what: '20 streams, alone on a core', core: 1, load: [20, 400], expected: 'client ok' },
  { what: '100 streams, alone on a core', core: 1, load: [100, 2000], expected: 'client ok' },
  {
    what: 'the same, held up by a busy loop',
    core: 1,
    load: [100, 2000],
    busy: true,
    expected: 'client limited',
  },
  {
    what: '3,000 streams, on one core with the server',
    core: 0,
    load: [3000, 9000],
    expected: 'client limited',
  },
] as const;

const server = spawn(
  'taskset',
  onCore(
    0,
    process.execPath,
    cli,
    'mock-server',
    '--port',
    '0',
    '--ttft',
    '50',
    '--itl',
    '10',
    '--output-tokens',
    '50',
  ).slice(1),
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const [line] = await once(createInterface(server.stdout), 'line');
const url = /http:\/\/[^\s/]+/.exec(String(line))?.[0] ?? '';
const folder = mkdtempSync(join(tmpdir(), 'aiperf-fidelity-'));
let failures = 0;
for (const { what, core, load, expected, ...more } of cases) {
  const words = [
    'profile',
    '--model',
    'm',
    '--tokenizer',
    'builtin',
    '--streaming',
    '--ui',
    'none',
    '--url',
    url,
  ];
  words.push('--isl', '100', '--osl', '50', '--artifact-dir', folder);
  words.push('--concurrency', `${load[0]}`, '--request-count', `${load[1]}`);
  const preload = 'busy' in more ? ['--import', starve] : [];
  const [program = '', ...rest] = onCore(core, process.execPath, ...preload, cli, ...words);
  execFileSync(program, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
  const { fidelity } = JSON.parse(readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8'));
  const isRight = fidelity.verdict === expected;
  if (!isRight) failures++;
  process.stdout.write(`${what}: ${fidelity.verdict}${isRight ? '' : `, EXPECTED ${expected}`}\n`);
  for (const { reason } of fidelity.reasons) process.stdout.write(`  - ${reason}\n`);
}
server.kill();
rmSync(folder, { recursive: true });
process.exitCode = failures === 0 ? 0 : 1;
