import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aiperf,
  filesBelow,
  type Options,
  panelText,
  profileWords,
  readJson,
  readRecords,
  startAiperf,
  temporaryFolder,
} from './aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

const base: Options = {
  ...{ model: 'm', tokenizer: 'builtin', streaming: true, isl: 10, osl: 2 },
  ...{ 'request-count': 3, concurrency: 1 },
};

let refuses = false;
let waits: (() => void)[] | undefined;
let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer((_request, response) => {
    const answer = () => {
      if (refuses) response.writeHead(503).end('full');
      else streamTokens(response, ['a', 'b']);
    };
    if (waits === undefined) answer();
    else waits.push(answer);
  });
});
afterAll(() => server.close());

const profile = (folder: string, options: Options = {}) =>
  aiperf(profileWords({ ...base, url: server.url, 'artifact-dir': folder, ...options }));

/** Plays with a server that refuses every request. */
async function refused<T>(play: () => Promise<T>): Promise<T> {
  refuses = true;
  try {
    return await play();
  } finally {
    refuses = false;
  }
}

/** Plays while every answer waits. @param act gets a function that lets the answers go. */
async function heldUp<T>(act: (answer: () => void) => Promise<T>): Promise<T> {
  const held: (() => void)[] = [];
  waits = held;
  const answer = () => {
    waits = undefined;
    for (const go of held.splice(0)) go();
  };
  try {
    return await act(answer);
  } finally {
    answer();
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const requests = (folder: string) => {
  const { request_count: count, error_request_count: errors } = readJson(
    join(folder, 'profile_export_aiperf.json'),
  );
  return [count?.avg ?? 0, errors?.avg ?? 0];
};

const whole = [
  '.aiperf_results_ready.json',
  'inputs.json',
  'logs/aiperf.log',
  'profile_export.jsonl',
  'profile_export_aiperf.csv',
  'profile_export_aiperf.json',
  'profile_export_console.txt',
  'profile_export_series.jsonl',
  'run_config.json',
];

describe('the files of an earlier run', () => {
  it('the same command twice, all requests refused the second time: nothing of the first is left', async () => {
    const folder = temporaryFolder();
    expect((await profile(folder, { 'slice-duration': 1, report: true })).code).toBe(0);
    const before = filesBelow(folder);
    const records = readFileSync(join(folder, 'profile_export.jsonl'), 'utf8');
    const ended = await refused(() => profile(folder, { ui: 'simple' }));
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(`moved ${before.length} files of an earlier run to ${folder}/previous\n`);
    const [previous, now] = [join(folder, 'previous'), filesBelow(folder)];
    expect(filesBelow(previous)).toEqual(before);
    expect(readFileSync(join(previous, 'profile_export.jsonl'), 'utf8')).toBe(records);
    expect(now.filter((file) => /report|timeslices/.test(file) && !file.startsWith('previous/'))).toEqual([]);
    expect(readRecords(join(folder, 'profile_export.jsonl')).map(({ error }) => error?.code)).toEqual([
      503, 503, 503,
    ]);
    expect(readFileSync(join(folder, 'logs/aiperf.log'), 'utf8')).toContain('files of an earlier run to');
  });

  it('a third run takes the place of what is in previous/; files of the user stay everywhere', async () => {
    const folder = temporaryFolder();
    expect((await profile(folder, { 'profile-export-prefix': 'foo', 'export-level': 'raw' })).code).toBe(0);
    const mine = [
      'notes.md',
      'foo.txt',
      'logs/mine.log',
      'spool/mine.txt',
      'plots/mine.png',
      'concurrency_2/profile_export.jsonl',
    ];
    for (const file of mine) {
      mkdirSync(join(folder, file, '..'), { recursive: true });
      writeFileSync(join(folder, file), 'mine');
    }
    writeFileSync(join(folder, 'plots/ttft_over_time.png'), 'ours');
    expect((await profile(folder)).code).toBe(0);
    const previous = join(folder, 'previous');
    expect(filesBelow(previous)).toEqual([
      '.aiperf_results_ready.json',
      ...['foo.csv', 'foo.json', 'foo.jsonl', 'foo_console.txt', 'foo_raw.jsonl'],
      ...['foo_series.jsonl', 'inputs.json'],
      ...['logs/aiperf.log', 'plots/ttft_over_time.png', 'run_config.json'],
    ]);
    writeFileSync(join(previous, 'mine'), 'mine');
    expect((await profile(folder)).code).toBe(0);
    expect(filesBelow(previous)).toEqual([...whole.slice(0, 3), 'mine', ...whole.slice(3)]);
    expect(filesBelow(folder).filter((file) => !file.startsWith('previous/'))).toEqual(
      [...whole, ...mine].sort(),
    );
  });

  it('--overwrite removes them', async () => {
    const folder = temporaryFolder();
    expect((await profile(folder, { report: true })).code).toBe(0);
    const ended = await profile(folder, { overwrite: true, ui: 'simple' });
    expect(ended.stderr).toContain(`removed ${whole.length + 1} files of an earlier run from ${folder}\n`);
    expect(filesBelow(folder)).toEqual(whole);
  });

  it('a single run takes the folder of a sweep, a sweep that of a single run, and reports skip previous/', async () => {
    const folder = temporaryFolder();
    expect((await profile(folder, { concurrency: '1,2', 'num-profile-runs': 2 })).code).toBe(0);
    const sweep = filesBelow(folder);
    expect(sweep).toContain('profile_runs/trial_0002/concurrency_2/profile_export.jsonl');
    expect((await profile(folder)).code).toBe(0);
    expect(filesBelow(folder).filter((file) => !file.startsWith('previous/'))).toEqual(whole);
    expect(filesBelow(join(folder, 'previous'))).toEqual(sweep);
    expect(existsSync(join(folder, 'profile_runs'))).toBe(false);
    expect((await profile(folder, { concurrency: '1,2' })).code).toBe(0);
    expect(filesBelow(join(folder, 'previous'))).toEqual(whole);
    const page = await aiperf(['report', folder, '--html', join(folder, 'page.html')]);
    expect(page.stdout).toContain('HTML Report of 2 runs');
  });

  it('a command that is refused moves nothing', async () => {
    const folder = temporaryFolder();
    expect((await profile(folder)).code).toBe(0);
    const rows = join(temporaryFolder(), 'rows.jsonl');
    writeFileSync(rows, '{"text":17}\n');
    const { isl: _, ...others } = base;
    const ended = await aiperf(
      profileWords({ ...others, url: server.url, 'artifact-dir': folder, 'input-file': rows }),
    );
    expect(ended.code).toBe(1);
    expect(filesBelow(folder)).toEqual(whole);
    const sweep = await aiperf(
      profileWords({
        ...others,
        concurrency: '1,2',
        url: server.url,
        'artifact-dir': folder,
        'input-file': rows,
      }),
    );
    expect(sweep.code).toBe(1);
    expect(filesBelow(folder)).toEqual(whole);
  });

  it('an input file that would be moved away is refused', async () => {
    const folder = temporaryFolder();
    expect((await profile(folder)).code).toBe(0);
    const inputs = join(folder, 'profile_export.jsonl');
    writeFileSync(inputs, '{"text":"one"}\n');
    const { isl: _, ...others } = base;
    const ended = await aiperf(
      profileWords({ ...others, url: server.url, 'artifact-dir': folder, 'input-file': inputs }),
    );
    expect([ended.code, panelText(ended.stderr)]).toEqual([
      1,
      `--input-file names ${inputs}, which belongs to the earlier run in ${folder} and would be moved away. Copy it to another place, or name another folder with --artifact-dir.`,
    ]);
    expect(filesBelow(folder)).toEqual(whole);
  });
});

describe('names of ours that are no files', () => {
  it('symbolic links are replaced, never followed', async () => {
    const [folder, other] = [temporaryFolder(), temporaryFolder()];
    const victim = join(other, 'victim');
    writeFileSync(victim, 'precious');
    const linked = [
      'profile_export.jsonl',
      'profile_export_aiperf.json',
      'inputs.json',
      'inputs.json.partial',
    ];
    for (const name of linked) symlinkSync(victim, join(folder, name));
    symlinkSync(other, join(folder, 'logs'));
    expect((await profile(folder)).code).toBe(0);
    expect(filesBelow(other)).toEqual(['victim']);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(filesBelow(folder)).toEqual(whole);
    expect(readlinkSync(join(folder, 'previous/logs'))).toBe(other);
    expect((await aiperf(['report', folder, '--rewrite'])).code).toBe(0);
  });

  it('named pipes do not hold up a run, nor a report', async () => {
    const folder = temporaryFolder();
    for (const name of ['profile_export.jsonl', 'run_config.json', 'report.html.partial', '.aiperf.lock'])
      execFileSync('/usr/bin/mkfifo', [join(folder, name)]);
    expect((await profile(folder, { report: true })).code).toBe(0);
    expect(filesBelow(folder)).toEqual([...whole.slice(0, -1), 'report.html', 'run_config.json']);
    const pipe = temporaryFolder();
    execFileSync('/usr/bin/mkfifo', [join(pipe, 'profile_export.jsonl')]);
    const ended = await aiperf(['report', pipe]);
    expect(panelText(ended.stderr)).toContain('profile_export.jsonl is not a regular file.');
  });

  it.each(['../x', '/tmp/x', 'a/b', '..', '.x', 'a\\b', 'inputs', 'run_config.json'])(
    '--profile-export-prefix %s is refused',
    async (prefix) => {
      const ended = await profile(temporaryFolder(), { 'profile-export-prefix': prefix });
      expect([ended.code, panelText(ended.stderr)]).toEqual([
        1,
        `--profile-export-prefix must be the beginning of file names, at most 200 bytes, without a path and without a leading dot, and not that of another file of the run, got '${prefix}'.`,
      ]);
    },
  );
});

describe('a folder in use', () => {
  it('is refused to a second run, which is told who has it; report and plot work on it', async () => {
    const folder = temporaryFolder();
    await heldUp(async (answer) => {
      const first = startAiperf(
        profileWords({
          ...base,
          url: server.url,
          'artifact-dir': folder,
          'request-count': 4,
          concurrency: 2,
        }),
      );
      await until(() => waits?.length === 2);
      const second = await profile(folder);
      expect(second.code).toBe(1);
      expect(panelText(second.stderr)).toMatch(
        new RegExp(
          `^Another run is writing into ${folder}: process ${first.child.pid} on ${hostname()}, since \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z\\. Wait until it ends, or name another folder with --artifact-dir\\.$`,
        ),
      );
      const sweep = await profile(folder, { concurrency: '1,2' });
      expect(panelText(sweep.stderr)).toContain('Another run is writing into');
      const records = join(folder, 'profile_export.jsonl');
      const finished = temporaryFolder();
      const answered = waits?.splice(0, 1) ?? [];
      for (const go of answered) go();
      await until(() => readFileSync(records, 'utf8').endsWith('\n'));
      expect(filesBelow(finished)).toEqual([]);
      const report = await aiperf(['report', folder]);
      expect(report.code).toBe(0);
      expect(report.stdout).toContain(`The run is still in progress: process ${first.child.pid} on`);
      expect((await aiperf(['report', folder, '--rewrite'])).code).toBe(1);
      expect((await aiperf(['plot', folder, '--output', finished, '--format', 'svg'])).code).toBe(0);
      expect(existsSync(join(folder, 'profile_export_aiperf.json'))).toBe(false);
      answer();
      expect((await first.ended).code).toBe(0);
    });
    expect(requests(folder)).toEqual([4, 0]);
    expect(filesBelow(folder)).toEqual(whole);
  });

  it('a sweep holds the folders of its runs, and a run within it refuses the sweep', async () => {
    const folder = temporaryFolder();
    await heldUp(async (answer) => {
      const sweep = startAiperf(
        profileWords({ ...base, url: server.url, 'artifact-dir': folder, concurrency: '1,2' }),
      );
      await until(() => waits?.length === 1);
      for (const point of ['concurrency_1', 'concurrency_2']) {
        const ended = await profile(join(folder, point));
        expect([ended.code, panelText(ended.stderr)]).toEqual([
          1,
          expect.stringContaining('Another run is writing'),
        ]);
      }
      answer();
      expect((await sweep.ended).code).toBe(0);
    });
    await heldUp(async (answer) => {
      const run = startAiperf(
        profileWords({ ...base, url: server.url, 'artifact-dir': join(folder, 'concurrency_2') }),
      );
      await until(() => waits?.length === 1);
      const before = filesBelow(folder);
      const ended = await profile(folder, { concurrency: '1,2' });
      expect(panelText(ended.stderr)).toContain(
        `Another run is writing into ${folder}/concurrency_2: process`,
      );
      expect(filesBelow(folder)).toEqual(before);
      answer();
      expect((await run.ended).code).toBe(0);
    });
  });

  it('that a killed run left behind is taken over, its files are moved', async () => {
    const folder = temporaryFolder();
    await heldUp(async () => {
      const { child, ended } = startAiperf(
        profileWords({ ...base, url: server.url, 'artifact-dir': folder }),
      );
      await until(() => waits?.length === 1);
      child.kill('SIGKILL');
      await ended;
    });
    expect(lstatSync(join(folder, '.aiperf.lock')).isFile()).toBe(true);
    expect((await profile(folder)).code).toBe(0);
    expect(requests(folder)).toEqual([3, 0]);
    expect(filesBelow(join(folder, 'previous'))).toContain('profile_export.jsonl');
    expect(existsSync(join(folder, '.aiperf.lock'))).toBe(false);
  });

  it('whose number another process has now is taken over; that of another machine is not', async () => {
    const folder = temporaryFolder();
    const lock = join(folder, '.aiperf.lock');
    const holder = {
      id: 'a',
      pid: process.pid,
      host: hostname(),
      since: '2026-01-01T00:00:00.000Z',
      started: '1',
    };
    writeFileSync(lock, JSON.stringify(holder));
    expect((await profile(folder)).code).toBe(0);
    writeFileSync(lock, JSON.stringify({ ...holder, host: 'elsewhere' }));
    const ended = await profile(folder);
    expect([ended.code, panelText(ended.stderr)]).toEqual([
      1,
      `Another run is writing into ${folder}: process ${process.pid} on elsewhere, since 2026-01-01T00:00:00.000Z. Name another folder with --artifact-dir. If that process no longer runs, delete ${lock}.`,
    ]);
  });

  it('of several runs that start at once on a dead lock, one goes on', async () => {
    const folder = temporaryFolder();
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const since = '2026-01-01T00:00:00.000Z';
    writeFileSync(
      join(folder, '.aiperf.lock'),
      JSON.stringify({ id: 'a', pid: dead, host: hostname(), since }),
    );
    await heldUp(async (answer) => {
      const runs = Array.from({ length: 4 }, () =>
        startAiperf(profileWords({ ...base, url: server.url, 'artifact-dir': folder })),
      );
      let ended = 0;
      for (const run of runs) void run.ended.then(() => ended++);
      await until(() => ended === 3);
      answer();
      const codes = (await Promise.all(runs.map((run) => run.ended))).map(({ code }) => code);
      expect(codes.sort()).toEqual([0, 1, 1, 1]);
    });
    expect(requests(folder)).toEqual([3, 0]);
  });
});

describe('--resume', () => {
  const rows = (...texts: string[]) => texts.map((text) => `${JSON.stringify({ text })}\n`).join('');
  const { isl: _, ...others } = base;
  const sweep = (folder: string, options: Options) =>
    aiperf(
      profileWords({ ...others, concurrency: '1,2', url: server.url, 'artifact-dir': folder, ...options }),
    );

  it.each([
    ['of another length', rows('one', 'two', 'three'), '--input-file d.jsonl had 30 bytes and has 47'],
    ['of the same length', rows('one', 'TWO'), '--input-file d.jsonl has other content (30 bytes as before)'],
  ])('with another d.jsonl, %s, is refused', async (_name, text, change) => {
    const [folder, data] = [temporaryFolder(), join(temporaryFolder(), 'd.jsonl')];
    writeFileSync(data, rows('one', 'two'));
    expect((await sweep(folder, { 'input-file': data })).code).toBe(0);
    const before = filesBelow(folder);
    writeFileSync(data, text);
    const ended = await sweep(folder, { 'input-file': data, resume: true });
    expect([ended.code, panelText(ended.stderr)]).toEqual([
      1,
      `--resume: ${folder} holds runs of other data: ${change}. Restore the files that they were made with, name another folder with --artifact-dir, or leave out --resume to start anew.`,
    ]);
    expect(filesBelow(folder)).toEqual(before);
    writeFileSync(data, rows('one', 'two'));
    expect((await sweep(folder, { 'input-file': data, resume: true })).code).toBe(0);
    expect(filesBelow(folder)).toEqual(before);
  });

  it('with another server, model, or version of aiperf is refused', async () => {
    const folder = temporaryFolder();
    const options = { isl: 10 };
    expect((await sweep(folder, options)).code).toBe(0);
    const changed = async (more: Options) =>
      panelText((await sweep(folder, { ...options, ...more, resume: true })).stderr);
    expect(await changed({ url: 'http://127.0.0.1:9' })).toContain(
      `--url was '${server.url}' and is 'http://127.0.0.1:9'`,
    );
    expect(await changed({ model: 'n' })).toContain("--model was 'm' and is 'n'");
    const manifest = join(folder, 'sweep_config.json');
    const { aiperf_version: version, ...rest } = readJson(manifest);
    writeFileSync(manifest, JSON.stringify({ ...rest, aiperf_version: '0.0.1' }));
    expect(await changed({})).toContain(`aiperf was 0.0.1 and is ${version}`);
  });
});
