import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { connectionLimit, threadCount } from '../../src/commands/profile/limits.js';
import { UserError } from '../../src/util/errors.js';
import { profile } from '../config/profile-options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-limits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A /proc of a machine with these limits. */
function proc(openFiles: number, firstPort: number, lastPort: number): string {
  const root = join(folder, `${openFiles}-${firstPort}-${lastPort}`);
  mkdirSync(join(root, 'self'), { recursive: true });
  mkdirSync(join(root, 'sys/net/ipv4'), { recursive: true });
  writeFileSync(
    join(root, 'self/limits'),
    `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${openFiles}                ${openFiles}                files     \n`,
  );
  writeFileSync(join(root, 'sys/net/ipv4/ip_local_port_range'), `${firstPort}\t${lastPort}\n`);
  return root;
}

describe('limits of the machine, looked at before anything is sent', () => {
  const said: string[] = [];
  const log = (_level: string, _of: string, message: string) => said.push(message);
  const limit = async (words: readonly string[], asked: number, unlimited: boolean, root: string) =>
    connectionLimit((await profile(words)).config, asked, unlimited, log, root);
  const one = ['--model', 'm', '--url', 'http://a:1'];
  const two = [...one, 'http://b:1'];

  it('a run within them may open as many connections as it asks for, and 2,500 at least', async () => {
    expect(await limit(one, 10_000, false, proc(20_000, 32_768, 60_999))).toBe(10_000);
    expect(await limit(one, 10, false, proc(20_000, 32_768, 60_999))).toBe(2500);
  });

  it('too few open files', async () => {
    expect(await refusal(() => limit(one, 10_000, false, proc(1024, 32_768, 60_999)))).toEqual({
      message: '10,000 requests in flight need about 10,100 open files, and this process may open 1,024',
      hint: "raise the limit with 'ulimit -n 10100', or lower --concurrency",
    });
  });

  it('too few ports; each server has the range to itself', async () => {
    // 40,000 to 40,999 are 1,000 ports.
    const root = proc(20_000, 40_000, 40_999);
    expect(await refusal(() => limit(one, 1001, false, root))).toEqual({
      message:
        '1,001 requests in flight need as many local ports, and this machine gives 1,000 of them to connections to one server',
      hint: `widen the range with 'sysctl -w net.ipv4.ip_local_port_range="1024 65535"', spread the load over several --url, or lower --concurrency`,
    });
    expect(await limit(two, 1001, false, root)).toBe(2000);
    expect((await refusal(() => limit(two, 2001, false, root)))?.message).toContain(
      'connections to 2 servers',
    );
    expect((await refusal(() => limit([...one, 'http://a:1'], 1001, false, root)))?.message).toContain(
      '1,000 of',
    );
    expect(await limit([...one, '--transport', 'undici', '--http2'], 1001, false, root)).toBe(2500);
  });

  it('a load without a limit of its own is kept within them, and it is said', async () => {
    said.length = 0;
    expect(await limit(one, 0, true, proc(1024, 32_768, 60_999))).toBe(924);
    expect(await limit(one, 0, true, proc(20_000, 40_000, 40_999))).toBe(1000);
    expect(said).toEqual([
      'at most 924 connections are opened, since this process may open no more files',
      'at most 1000 connections are opened, since this machine has no more local ports',
    ]);
  });

  it('a system that says nothing of its limits has none', async () => {
    expect(await limit(one, 50_000, false, join(folder, 'nowhere'))).toBe(50_000);
  });
});

describe('load threads', () => {
  const root = proc(1024, 32_768, 60_999);
  const threads = async (line: string, concurrency: number, cpus: number) => {
    const { config } = await profile(['--model', 'm', ...line.split(' ').filter((word) => word !== '')]);
    return threadCount(config, concurrency, cpus, root);
  };

  it.each([
    // One for every 200 requests in flight, with a core left for everything else.
    ['', 200, 8, 1],
    ['', 201, 8, 2],
    ['', 1000, 8, 5],
    ['', 1000, 4, 3],
    ['', 1000, 1, 1],
    ['', 100_000, 64, 31],
    // --workers-max is a ceiling, and no more.
    ['--workers-max 2', 1000, 8, 2],
    ['--max-workers 200', 1000, 8, 5],
    ['--workers-max 5000', 1000, 4, 3],
    ['--workers-max 4', 10, 8, 1],
    // --load-threads is exact, beyond the cores too.
    ['--load-threads 6', 1000, 2, 6],
    ['--load-threads 1', 1000, 8, 1],
    ['--load-threads 6', 3, 8, 3],
  ])("'%s' with %i in flight on %i CPUs", async (line, concurrency, cpus, expected) => {
    expect(await threads(line, concurrency, cpus)).toBe(expected);
  });

  it('as many as the limit of open files leaves room for', async () => {
    // 50 files at the start, 30 for each thread, and one of them is the record thread.
    expect(threadCount({ loadThreads: undefined, workersMax: 8 }, 2000, 16, proc(200, 40_000, 40_999))).toBe(
      4,
    );
    expect(
      await refusal(async () =>
        threadCount({ loadThreads: 5, workersMax: undefined }, 5, 16, proc(200, 40_000, 40_999)),
      ),
    ).toEqual({
      message: '5 load threads need about 230 open files to start, and this process may open 200',
      hint: "raise the limit with 'ulimit -n 230', or lower --load-threads",
    });
  });
});

async function refusal(act: () => Promise<unknown>) {
  try {
    await act();
  } catch (thrown) {
    if (thrown instanceof UserError) return { message: thrown.message, hint: thrown.hint };
    throw thrown;
  }
  return undefined;
}
