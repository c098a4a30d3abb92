import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fileLines, printedLines } from './run-lines.js';

// npm run check:files -- --before <checkout of another build> [--only name,name] [--keep]
// Runs the same command lines with both builds on a simulated server and prints where their files or their output
// differ in anything but times. Exit code 1: there are differences.

interface Case {
  readonly profile: string;
  readonly server?: string;
  readonly input?: { readonly name: string; readonly rows: readonly object[] };
  /** Commands to run on the folder of the profile. */
  readonly after?: readonly string[];
}

const synthetic = '--streaming --isl 64 --isl-stddev 9 --osl 12';
const trace = Array.from({ length: 24 }, (_, i) => ({
  ...{ timestamp: i * 40, input_length: 600 + 32 * (i % 5), output_length: 6 + (i % 4) },
  hash_ids: [i % 3, 100 + i],
}));
const dialogues = Array.from({ length: 5 }, (_, i) => ({
  session_id: `talk-${i}`,
  turns: Array.from({ length: 2 + (i % 3) }, (_, turn) => ({
    text: `Question ${turn} of ${i}?`,
    delay: 5 * turn,
  })),
}));

const cases: Readonly<Record<string, Case>> = {
  chat: {
    profile: `${synthetic} --concurrency 3 --request-count 18 --report`,
    after: [
      'report RUN --rewrite',
      'report RUN --where isl>60 --format json --metric osl,isl,ttft',
      'report RUN --format csv --confidence',
      'report RUN --html RUN/again.html',
      'plot RUN --format svg,png',
    ],
  },
  whole: { profile: '--isl 80 --osl 9 --concurrency 2 --request-count 8 --extra-inputs temperature:0.5' },
  completions: {
    profile: `${synthetic} --endpoint-type completions --concurrency 2 --request-count 8`,
  },
  dialogues: {
    profile:
      '--streaming --input-file INPUT --custom-dataset-type multi_turn --conversation-num 5 --concurrency 1',
    server: '--ttft 4 --itl 2 --output-tokens 9',
    input: { name: 'dialogues.jsonl', rows: dialogues },
  },
  trace: {
    profile:
      '--streaming --input-file INPUT --custom-dataset-type mooncake_trace --fixed-schedule --tables all',
    input: { name: 'trace.jsonl', rows: trace },
    after: ['trace stats INPUT', 'plot RUN --format svg', 'report RUN --tables all'],
  },
  slices: {
    profile: `${synthetic} --request-rate 10 --arrival-pattern constant --benchmark-duration 2.65 --slice-duration 0.76`,
    after: ['report RUN --slice-duration 1.26 --rewrite', 'plot RUN --format svg'],
  },
  warmup: {
    profile: `${synthetic} --concurrency 2 --request-count 8 --warmup-request-count 5 --transport undici`,
  },
  cancelled: {
    profile: `${synthetic} --concurrency 4 --request-count 20 --request-cancellation-rate 30 --request-cancellation-delay 0.05`,
    server: '--ttft 400',
    after: ['report RUN --rewrite'],
  },
  errors: {
    profile: `${synthetic} --concurrency 1 --request-count 20`,
    server: '--ttft 4 --fail 5 --midfail 7 --fail-status 503',
    after: ['report RUN --where isl>60', 'report RUN --html RUN/again.html'],
  },
  goodput: {
    profile: `${synthetic} --concurrency 2 --request-count 10 --use-server-token-count --goodput request_latency:60000`,
    server: '--ttft 4 --usage always --reasoning-tokens 3',
    after: ['report RUN --goodput ttft:50000 --target-rate 100'],
  },
  sweep: {
    profile: `${synthetic} --concurrency 1,2 --request-count 6 --num-profile-runs 2`,
    after: ['report RUN --html RUN/again.html', 'plot RUN --format svg'],
  },
  raw: { profile: `${synthetic} --concurrency 1 --request-count 6 --export-level raw --export-http-trace` },
  prefix: {
    profile: `${synthetic} --concurrency 1 --request-count 4 --profile-export-prefix mine --osl-stddev 3`,
    after: ['report RUN --profile-export-prefix mine --rewrite'],
  },
};

/** A difference counts if it appears in this many runs of the same case. */
const ATTEMPTS = 4;
/** Differences printed per file. */
const SHOWN = 12;
const LONGEST = 300;

const { values } = parseArgs({
  options: { before: { type: 'string' }, only: { type: 'string' }, keep: { type: 'boolean' } },
});
if (values.before === undefined)
  throw new Error('--before <folder> is needed: the checkout of the other build');
const builds = {
  before: resolve(values.before, 'dist/cli.js'),
  after: fileURLToPath(new URL('../cli.js', import.meta.url)),
};
const root = mkdtempSync(join(tmpdir(), 'aiperf-compare-'));
const chosen = values.only?.split(',') ?? Object.keys(cases);

let found = 0;
for (const [name, each] of Object.entries(cases)) {
  if (!chosen.includes(name)) continue;
  let lines = await compared(name, each);
  // Random differences disappear in one of the next attempts.
  for (
    let attempt = 2, before = -1;
    attempt <= ATTEMPTS && lines.length > 0 && lines.length !== before;
    attempt++
  ) {
    before = lines.length;
    const again = new Set(await compared(name, each));
    lines = lines.filter((line) => again.has(line));
  }
  found += lines.length;
  process.stdout.write(`${name}: ${lines.length === 0 ? 'equal' : `${lines.length} differences`}\n`);
  const shown = new Map<string, number>();
  for (const line of lines) {
    const part = line.slice(0, line.indexOf(': '));
    const count = (shown.get(part) ?? 0) + 1;
    shown.set(part, count);
    if (count <= SHOWN) process.stdout.write(`  ${line.slice(0, LONGEST)}\n`);
  }
}
if (values.keep) process.stdout.write(`The files are in ${root}\n`);
else rmSync(root, { recursive: true });
process.exitCode = found === 0 ? 0 : 1;

async function compared(name: string, each: Case): Promise<string[]> {
  rmSync(join(root, 'before', name), { recursive: true, force: true });
  rmSync(join(root, 'after', name), { recursive: true, force: true });
  const [before, after] = await Promise.all([
    linesOf(name, each, 'before', builds.before),
    linesOf(name, each, 'after', builds.after),
  ]);
  // Files that only one side has are reported by the list of files.
  return [...before].flatMap(([part, lines]) => {
    const others = after.get(part);
    return others === undefined ? [] : differences(lines, others).map((line) => `${part}: ${line}`);
  });
}

/** Runs the commands of a case and returns the lines of each file and output, by name. */
async function linesOf(
  name: string,
  { profile, server = '--ttft 4 --itl 2', input, after = [] }: Case,
  side: string,
  cli: string,
) {
  const home = join(root, side, name);
  mkdirSync(home, { recursive: true });
  if (input !== undefined) {
    writeFileSync(join(home, input.name), input.rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }
  const simulated = await startServer(home, server);
  const lines = new Map<string, string[]>();
  const options = '-m mock --tokenizer builtin --random-seed 7 --ui none --load-threads 1 --artifact-dir RUN';
  for (const command of [`profile ${options} --url ${simulated.url} ${profile}`, ...after]) {
    const words = command
      .split(' ')
      .map((word) => word.replace('RUN', 'run').replace('INPUT', input?.name ?? ''));
    const { code, stdout, stderr } = await run(cli, words, home);
    const part = command.startsWith('profile') ? 'profile' : words.join(' ');
    lines.set(`${part} (stdout)`, printedLines(`${stdout}\nexit code ${code}`, home));
    lines.set(`${part} (stderr)`, printedLines(stderr, home));
  }
  simulated.stop();
  const files = readdirSync(join(home, 'run'), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(home.length + 1))
    .sort();
  lines.set('files', files);
  for (const file of files) lines.set(file, fileLines(file, readFileSync(join(home, file)), home));
  return lines;
}

async function startServer(cwd: string, options: string) {
  const words = ['mock-server', ...`--port 0 ${options}`.split(' ')];
  const child = spawn(process.execPath, [builds.before, ...words], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve) => {
    child.stdout.on('data', (text) => {
      const listening = /listening on (\S+)/.exec(`${text}`)?.[1];
      if (listening !== undefined) resolve(listening);
    });
  });
  return { url, stop: () => child.kill() };
}

function run(cli: string, words: readonly string[], cwd: string) {
  const env = {
    PATH: process.env.PATH,
    HOME: cwd,
    HF_HUB_OFFLINE: '1',
    AIPERF_UI_CONSOLE_EXPORT_WIDTH: '400',
  };
  const child = spawn(process.execPath, [cli, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (printed.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (printed.stderr += text));
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, ...printed }));
  });
}

/** Lines missing on one side, else the first line that moved. */
function differences(before: readonly string[], after: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of before) left.set(line, (left.get(line) ?? 0) + 1);
  const added = after.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
  const missing = [...left].filter(([, count]) => count > 0).map(([line]) => line);
  if (added.length + missing.length > 0) {
    return [...missing.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`)];
  }
  const moved = before.findIndex((line, at) => line !== after[at]);
  return moved === -1 ? [] : [`order, from: ${before[moved]}`];
}
