import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argument } from './measure/options.js';
import { fileLines, printedLines } from './measure/run-lines.js';
import { ourCli, startMockServer, withFolder } from './measure/servers.js';

// npm run check:files -- --before <checkout of another build> [--only name,name]
// Runs the same command lines with both builds on a simulated server and prints where their files or their output
// differ in anything but times. Exit code 1: there are differences.

// Each case: its name, options of the server, options of `profile`, and commands on the folder that it leaves.
const cases = `
chat [--ttft 4 --itl 2] SYNTHETIC --concurrency 3 --request-count 18 --report
  report RUN --rewrite
  report RUN --where isl>60 --format json --metric osl,isl,ttft
  report RUN --format csv --confidence
  report RUN --html RUN/again.html
  plot RUN --format svg,png
whole [--ttft 4 --itl 2] --isl 80 --osl 9 --concurrency 2 --request-count 8 --extra-inputs temperature:0.5
completions [--ttft 4 --itl 2] SYNTHETIC --endpoint-type completions --concurrency 2 --request-count 8
dialogues [--ttft 4 --itl 2 --output-tokens 9] --streaming --input-file dialogues.jsonl --custom-dataset-type multi_turn --conversation-num 5 --concurrency 1
trace [--ttft 4 --itl 2] --streaming --input-file trace.jsonl --custom-dataset-type mooncake_trace --fixed-schedule --tables all
  trace stats trace.jsonl
  plot RUN --format svg
  report RUN --tables all
slices [--ttft 4 --itl 2] SYNTHETIC --request-rate 10 --arrival-pattern constant --benchmark-duration 2.65 --slice-duration 0.76
  report RUN --slice-duration 1.26 --rewrite
  plot RUN --format svg
warmup [--ttft 4 --itl 2] SYNTHETIC --concurrency 2 --request-count 8 --warmup-request-count 5 --transport undici
cancelled [--ttft 400] SYNTHETIC --concurrency 4 --request-count 20 --request-cancellation-rate 30 --request-cancellation-delay 0.05
  report RUN --rewrite
errors [--ttft 4 --fail 5 --midfail 7 --fail-status 503] SYNTHETIC --concurrency 1 --request-count 20
  report RUN --where isl>60
  report RUN --html RUN/again.html
goodput [--ttft 4 --usage always --reasoning-tokens 3] SYNTHETIC --concurrency 2 --request-count 10 --use-server-token-count --goodput request_latency:60000
  report RUN --goodput ttft:50000 --target-rate 100
sweep [--ttft 4 --itl 2] SYNTHETIC --concurrency 1,2 --request-count 6 --num-profile-runs 2
  report RUN --html RUN/again.html
  plot RUN --format svg
raw [--ttft 4 --itl 2] SYNTHETIC --concurrency 1 --request-count 6 --export-level raw --export-http-trace
prefix [--ttft 4 --itl 2] SYNTHETIC --concurrency 1 --request-count 4 --profile-export-prefix mine --osl-stddev 3
  report RUN --profile-export-prefix mine --rewrite`.replaceAll(
  'SYNTHETIC',
  '--streaming --isl 64 --isl-stddev 9 --osl 12',
);
const inputs = {
  'dialogues.jsonl': Array.from({ length: 5 }, (_, i) => ({
    session_id: `talk-${i}`,
    turns: Array.from({ length: 2 + (i % 3) }, (_, turn) => ({
      text: `Question ${turn} of ${i}?`,
      delay: 5 * turn,
    })),
  })),
  'trace.jsonl': Array.from({ length: 24 }, (_, i) => ({
    ...{ timestamp: i * 40, input_length: 600 + 32 * (i % 5), output_length: 6 + (i % 4) },
    hash_ids: [i % 3, 100 + i],
  })),
};
const common = '-m mock --tokenizer builtin --random-seed 7 --ui none --load-threads 1 --artifact-dir RUN';
/** A difference counts if every attempt shows it: random differences disappear in one of them. */
const ATTEMPTS = 4;
const MOST_SHOWN = 100;

const other = argument('--before');
if (other === undefined) throw new Error('--before <folder> is needed: the checkout of the other build');
const builds = { before: resolve(other, 'dist/cli.js'), after: ourCli };
const only = argument('--only')?.split(',');

await withFolder(async (root) => {
  for (const each of cases.trim().split(/\n(?=\w)/)) {
    const [first = '', ...after] = each.split(/\n */);
    const [, name = '', server = '', profile] = /^(\w+) \[(.+)\] (.+)$/.exec(first) ?? [];
    if (only?.includes(name) === false) continue;
    const lines = await lastingDifferences(root, server, [`profile ${common} ${profile}`, ...after]);
    process.stdout.write(`${name}: ${lines.length === 0 ? 'equal' : `${lines.length} differences`}\n`);
    for (const line of lines.slice(0, MOST_SHOWN)) process.stdout.write(`  ${line.slice(0, 300)}\n`);
    if (lines.length > 0) process.exitCode = 1;
  }
});

async function lastingDifferences(root: string, server: string, commands: readonly string[]) {
  let lines = await differences(root, server, commands);
  for (let attempt = 2; attempt <= ATTEMPTS && lines.length > 0; attempt++) {
    const again = new Set(await differences(root, server, commands));
    lines = lines.filter((line) => again.has(line));
  }
  return lines;
}

async function differences(root: string, server: string, commands: readonly string[]): Promise<string[]> {
  const [before, after] = await Promise.all([
    linesOf(join(root, 'before'), builds.before, server, commands),
    linesOf(join(root, 'after'), builds.after, server, commands),
  ]);
  return [...before].flatMap(([part, lines]) => {
    const others = after.get(part);
    // Files that only one side has are reported by the list of files.
    if (others === undefined) return [];
    const [here, there] = [numbered(lines), numbered(others)];
    const [inHere, inThere] = [new Set(here), new Set(there)];
    const found = [
      ...here.filter((line) => !inThere.has(line)).map((line) => `${part}: - ${line}`),
      ...there.filter((line) => !inHere.has(line)).map((line) => `${part}: + ${line}`),
    ];
    const moved = found.length > 0 ? undefined : here.find((line, at) => line !== there[at]);
    return moved === undefined ? found : [`${part}: order, from: ${moved}`];
  });
}

/** Makes equal lines different by numbering them. */
function numbered(lines: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return lines.map((line) => {
    const count = counts.get(line) ?? 0;
    counts.set(line, count + 1);
    return count === 0 ? line : `${line} (${count + 1})`;
  });
}

/** Runs the commands of a case and returns the lines of each file and output, by name. */
async function linesOf(home: string, cli: string, server: string, commands: readonly string[]) {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  for (const [name, rows] of Object.entries(inputs)) {
    writeFileSync(join(home, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }
  const simulated = await startMockServer(server.split(' '));
  const lines = new Map<string, string[]>();
  for (const command of commands) {
    const words = command.replaceAll('RUN', 'run').split(' ');
    const isProfile = words[0] === 'profile';
    const { stdout, stderr } = await run(cli, isProfile ? [...words, '--url', simulated.url] : words, home);
    const part = isProfile ? 'profile' : command;
    lines.set(`${part} (stdout)`, printedLines(stdout, home));
    lines.set(`${part} (stderr)`, printedLines(stderr, home));
  }
  await simulated.stop();
  const files = readdirSync(join(home, 'run'), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(home.length + 1))
    .sort();
  lines.set('files', files);
  for (const file of files) lines.set(file, fileLines(file, readFileSync(join(home, file)), home));
  return lines;
}

function run(cli: string, words: readonly string[], cwd: string) {
  const env = {
    ...{ PATH: process.env.PATH, HOME: cwd, HF_HUB_OFFLINE: '1' },
    AIPERF_UI_CONSOLE_EXPORT_WIDTH: '400',
  };
  const options = { cwd, env, maxBuffer: 2 ** 28 };
  return new Promise<{ stdout: string; stderr: string }>((done) => {
    execFile(process.execPath, [cli, ...words], options, (error, stdout, stderr) => {
      done({ stdout: `${stdout}\nexit code ${error?.code ?? 0}`, stderr });
    });
  });
}
