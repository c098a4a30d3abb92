import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { aiperf } from './in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'messages-'));

function runOf(name: string, raw: readonly object[] | undefined): string {
  const dir = join(folder, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'profile_export.jsonl'), '');
  if (raw !== undefined)
    writeFileSync(
      join(dir, 'profile_export_raw.jsonl'),
      raw.map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
  return dir;
}

const user = (content: unknown) => ({ role: 'user', content });
const sent = (session: string, turn: number, ...messages: object[]) => ({
  metadata: {
    x_correlation_id: session,
    conversation_id: `c-${session}`,
    turn_index: turn,
    benchmark_phase: 'profiling',
  },
  payload: { messages },
});

it('shows what each turn added, escaped, and says what it leaves out', async () => {
  const [first, answer] = [user('<b>one</b>'), { role: 'assistant', content: 'yes' }];
  const dir = runOf('run', [
    sent('s', 0, first),
    sent(
      's',
      1,
      first,
      answer,
      user([
        { type: 'text', text: 'two' },
        { type: 'image_url', image_url: { url: 'u' } },
      ]),
    ),
    sent('s', 2, first),
    sent('t', 0, user('x'.repeat(30))),
    sent('u', 0, user('not shown')),
  ]);
  const words = ['-n', '2', '--max-turns', '2', '--content-cap', '20'];
  const { code, stdout, stderr } = await aiperf('analyze', 'turn-messages', dir, ...words);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^saved .*turn_messages\.html \([\d,]+ KB\)\n$/);
  const page = readFileSync(join(dir, 'turn_messages.html'), 'utf8');
  const body = page.slice(page.indexOf('<main>'), page.indexOf('</main>'));
  expect(body).toContain('2 sessions; 1 more not shown.');
  expect(body).toContain('<summary>c-s: 3 turns</summary>');
  expect(body).toContain('<pre>&lt;b&gt;one&lt;/b&gt;</pre>');
  expect(body).toContain('<p>1 message as before</p>');
  expect(body).toContain(`<p><b>user</b></p><pre>two\n{&quot;type&quot;:&quot;image_u … (`);
  expect(body).toContain('<p>1 further turn not shown.</p>');
  expect(body).toContain(`<pre>${'x'.repeat(20)} … (10 more characters)</pre>`);
  expect(body).not.toContain('not shown</pre>');
});

it('needs raw records', async () => {
  const dir = runOf('plain', undefined);
  const { code, stdout, stderr } = await aiperf('analyze', 'turn-messages', dir);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toBe(
    `skip ${dir}: no raw records in ${dir}: run aiperf profile with --export-level raw first\n`,
  );
});
