import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aiperf,
  type Ended,
  filesBelow,
  type Options,
  profileWords,
  readJson,
  readRecords,
  temporaryFolder,
} from './aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

const ESC = '\u001b';
const forged = '2026-01-01 00:00:00.000 - run - ERROR - FORGED';
const hostile =
  `start${ESC}[2J${ESC}[8mhidden${ESC}]0;title\u0007${ESC}]52;c;aGk=\u0007\u009b31m` +
  `\n${forged}\r\n│ 500 │ FORGED │\rFORGED\u0085FORGED\u2028FORGED \u202egnp.exe\u2066 z\u200bw \u0000\u007f` +
  `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'&`;

const refusal = JSON.stringify({ error: { message: hostile, type: hostile } });

/** What could steer a terminal, forge a line, or turn text round; colours of ours aside. */
const steering = new RegExp(
  `${ESC}(?!\\[(?:[0-4]|2[2-49]|3[0-79]|9[0-7])m)|[^\\P{Cc}\\n\\t${ESC}]|[\\u200b\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]`,
  'u',
);

function expectPlain(where: string, text: string): void {
  const at = text.search(steering);
  expect(`${where}: ${at === -1 ? '' : JSON.stringify(text.slice(Math.max(0, at - 40), at + 40))}`).toBe(
    `${where}: `,
  );
  if (where.endsWith('.html')) return;
  // No text of others begins a line: in a table it is framed, in a log it stands behind time and level.
  expect(text.split('\n').filter((line) => /^(2026-01-01|FORGED|│ 500 │ FORGED)/.test(line))).toEqual([]);
}

/** Screens, logs, console files, pages and pictures of a run. */
function expectAllPlain(folder: string, runs: readonly Ended[]): void {
  for (const { stdout, stderr } of runs) {
    expectPlain('stdout', stdout);
    expectPlain('stderr', stderr);
  }
  const forPeople = filesBelow(folder).filter((file) => /\.(log|txt|html|svg)$/.test(file));
  expect(forPeople).not.toEqual([]);
  for (const file of forPeople) {
    const text = readFileSync(join(folder, file), 'utf8');
    // The script is ours, and what it draws is compressed.
    expectPlain(file, text.replace(/<script\b[\s\S]*?<\/script>/g, ''));
  }
  for (const file of forPeople.filter((name) => name.endsWith('.log'))) {
    for (const line of readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'))
      expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} - [\w.-]+ - [A-Z]+ - /);
  }
  for (const file of forPeople.filter((name) => name.endsWith('.html'))) {
    const page = readFileSync(join(folder, file), 'utf8');
    // The page's data and its own script, and nothing of others.
    const tags = [...page.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag.replace(/ id="[\w-]+"/, ''));
    expect(tags.filter((tag) => tag !== '<script type="application/octet-stream">')).toEqual(['<script>']);
    expect(page).not.toMatch(/<script>alert|<img|onerror=x/);
  }
}

describe('text of others steers no terminal, forges no line and adds nothing to a page', () => {
  let server: ScriptedServer;
  beforeAll(async () => {
    server = await startScriptedServer((_, response, number) => {
      response.setHeader('X-Request-ID', 'x\u009b31mred');
      if (number % 3 === 0) {
        response.writeHead(500, 'Bad\u009bthing', { 'content-type': 'application/json' });
        response.end(refusal);
      } else if (number % 3 === 1) {
        response.writeHead(200, { 'content-type': 'text/plain' });
        response.end(hostile);
      } else streamTokens(response, ['one', hostile, 'two']);
    });
  });
  afterAll(() => server.close());

  const options = (folder: string): Options => ({
    ...{
      model: `m${ESC}[31m\u202e<b>`,
      tokenizer: 'builtin',
      url: server.url,
      streaming: true,
      ui: 'simple',
    },
    ...{ 'artifact-dir': folder, 'request-count': 9, isl: 20, osl: 3, 'export-http-trace': true },
    ...{ report: true, 'extra-verbose': true },
  });

  it('in a run, its report and its pictures', async () => {
    const folder = temporaryFolder();
    const run = await aiperf(profileWords(options(folder)));
    const again = await aiperf(['report', folder, '--rewrite', '--html', join(folder, 'again.html')]);
    const plot = await aiperf(['plot', folder, '--format', 'svg']);
    expect([run.code, again.code, plot.code]).toEqual([0, 0, 0]);
    expect(run.stdout).toContain('FORGED');
    expectAllPlain(folder, [run, again, plot]);
    // Files for programs have the text as it came.
    const messages = readRecords(join(folder, 'profile_export.jsonl')).map(
      ({ error }) => error?.message ?? '',
    );
    expect(messages).toContain(refusal);
    const { error_summary } = readJson(join(folder, 'profile_export_aiperf.json'));
    expect(
      error_summary.map(({ error_details }: { error_details: { message: string } }) => error_details.message),
    ).toContain(refusal);
    expectPlain('summary', readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8'));
  });

  it('in a sweep, and where every request fails', async () => {
    const folder = temporaryFolder();
    const sweep = await aiperf(
      profileWords({ ...options(folder), concurrency: '1,2', 'profile-export-prefix': 'p' }),
    );
    expectAllPlain(folder, [sweep]);

    const failing = await startScriptedServer((_, response) => {
      response.writeHead(400, { 'content-type': 'text/plain' });
      response.end(hostile);
    });
    const other = temporaryFolder();
    const failed = await aiperf(profileWords({ ...options(other), url: failing.url }));
    const swept = await aiperf(
      profileWords({ ...options(temporaryFolder()), url: failing.url, concurrency: '1,2' }),
    );
    failing.close();
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain('FORGED');
    expectAllPlain(other, [failed, swept]);
  });

  it('in names of files and in what stands in them', async () => {
    const folder = temporaryFolder();
    const name = join(folder, `rows${ESC}[2J\n${forged}\u202e.jsonl`);
    writeFileSync(name, `{"timestamp": 0, "input_length": 10, "output_length": 2, "hash_ids": [1]}\n`);
    const stats = await aiperf(['trace', 'stats', name]);
    expect(stats.code).toBe(0);
    writeFileSync(name, `{"text": "one", ${JSON.stringify(hostile)}: 1}\n{${hostile}\n`);
    const config = join(folder, 'run.yaml');
    writeFileSync(config, `model: m\n${JSON.stringify(hostile)}: 1\nisl: ${JSON.stringify(hostile)}\n`);
    const base = { model: 'm', tokenizer: 'builtin', url: server.url };
    const runs = [
      await aiperf(['trace', 'stats', name]),
      await aiperf(profileWords({ ...base, 'input-file': name })),
      await aiperf(profileWords({ ...base, config })),
      await aiperf(profileWords({ ...base, isl: hostile.replaceAll('\u0000', '') })),
      await aiperf(profileWords({ ...base, tokenizer: hostile.replaceAll('\u0000', '') })),
      await aiperf(['report', name]),
      await aiperf([hostile.replaceAll('\u0000', '')]),
    ];
    for (const run of [stats, ...runs]) {
      expectPlain('stdout', run.stdout);
      expectPlain('stderr', run.stderr);
    }
    expect(runs.map(({ code }) => code)).toEqual(runs.map(() => 1));
  });

  it('in the folder of a run, which names it beside others', async () => {
    const folder = temporaryFolder();
    const names = ['a', `b${ESC}[2J\u202e</script><script>alert(1)</script>{c}`].map((name) =>
      name.replaceAll('/', ''),
    );
    for (const name of names) {
      const made = join(folder, 'made');
      await aiperf(profileWords({ ...options(made), report: true }));
      renameSync(made, join(folder, name));
    }
    mkdirSync(join(folder, 'plots'));
    const runs = names.map((name) => join(folder, name));
    const page = join(folder, 'page.html');
    const compared = await aiperf(['report', ...runs, '--html', page]);
    const plot = await aiperf(['plot', ...runs, '--output', join(folder, 'plots'), '--format', 'svg']);
    expect([compared.code, plot.code]).toEqual([0, 0]);
    expectAllPlain(folder, [compared, plot]);
  });
});
