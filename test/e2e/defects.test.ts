import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/main.js';
import { processIo } from '../../src/util/io.js';
import { aiperf } from './aiperf.js';

const SECRET = 'sk-defect-0123456789';

/** A command line whose first write to stdout throws. */
async function failingWith(thrown: unknown, ...argv: string[]) {
  let stderr = '';
  const io = {
    ...processIo,
    env: { OPENAI_API_KEY: SECRET, COLUMNS: '100' },
    stdout: Object.assign(new Writable(), {
      write() {
        throw thrown;
      },
    }),
    stderr: Object.assign(new Writable(), {
      write(text: string) {
        stderr += text;
        return true;
      },
    }),
  };
  return { code: await main(argv, io), stderr };
}

describe('a defect of ours', () => {
  const broken = new TypeError(`x is not a function\nof ${SECRET}\u001b[2J`);

  it('is one line without secrets and control characters, and names --verbose', async () => {
    expect(await failingWith(broken, '--version')).toEqual({
      code: 1,
      stderr:
        'Internal error: TypeError: x is not a function of <redacted>. ' +
        'Add --verbose to see where it happened, and report it.\n',
    });
    expect((await failingWith('only a text', '--version')).stderr).toMatch(
      /^Internal error: only a text\. Add /,
    );
  });

  it.each(['--verbose', '-v', '--extra-verbose', '-vv'])(
    'with %s is its stack, without secrets',
    async (flag) => {
      const { code, stderr } = await failingWith(broken, 'profile', '--help', flag);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^TypeError: x is not a function\nof <redacted>\n +at .*defects\.test\.ts:\d+:\d+/,
      );
    },
  );

  it('is told in the same way when nobody waits for it', async () => {
    const later = `data:text/javascript,setTimeout(() => { throw new Error('late ${SECRET}') }, 500)`;
    const env = {
      NODE_OPTIONS: `--import ${JSON.stringify(later.replaceAll(' ', '%20'))}`,
      HF_TOKEN: SECRET,
    };
    const { code, stderr, stdout } = await aiperf(['mock-server', '--port', '0'], { env });
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^(listening on .*\n)?$/)]);
    expect(stderr).toBe(
      'Internal error: Error: late <redacted>. Add --verbose to see where it happened, and report it.\n',
    );
  });
});

describe('an error of the system', () => {
  it('is a panel, without a stack', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      errno: -28,
      syscall: 'write',
    });
    const { code, stderr } = await failingWith(full, '--version');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^╭─ Error ─+╮\n│ ENOSPC: no space left on device, write +│\n╰─+╯\n$/);
  });
});

describe('--verbose', () => {
  it.each([
    [['report', '--verbose', 'nosuch'], "There is no folder 'nosuch'"],
    [['trace', 'stats', '--verbose', 'nosuch.jsonl'], 'nosuch.jsonl'],
  ])('is an option of every command: %j', async (argv, text) => {
    const { code, stderr } = await aiperf(argv);
    expect(code).toBe(1);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('Unknown option');
  });
});
