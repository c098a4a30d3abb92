import { PassThrough, Readable, Writable } from 'node:stream';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { figuresOf } from '../../src/commands/chat/figures.js';
import { Answer } from '../../src/endpoint/answer.js';
import { chat } from '../../src/endpoint/chat.js';
import { main } from '../../src/main.js';
import { processIo } from '../../src/util/io.js';
import { plainText } from '../../src/util/plain-text.js';
import { chatEvent, startScriptedServer, streamTokens } from '../e2e/scripted-server.js';

const server = await startScriptedServer(({ headers, body }, response) => {
  if (headers.authorization === 'Bearer wrong-key-1234') {
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end('{"error":"no such key"}');
    return;
  }
  const { messages } = JSON.parse(body);
  switch (messages.at(-1).content) {
    case 'hang':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chatEvent({ content: 'Wait' }));
      return;
    case 'page':
      response.writeHead(500);
      response.end(`<h1>${'x'.repeat(300)}</h1>`);
      return;
    case 'think':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chatEvent({ reasoning_content: 'Let me see.' }));
      response.write(chatEvent({ content: '\u001b[31m\u001b[2JYes' }));
      response.end(`${chatEvent({}, 'stop')}data: [DONE]\n\n`);
      return;
    default:
      streamTokens(response, ['Reply', ` ${messages.length}`, '.']);
  }
});
afterAll(() => server.close());
beforeEach(() => server.forget());

async function chatWith(
  words: readonly string[],
  input: string | Readable,
  env: Record<string, string> = {},
  onOutput: (out: string) => void = () => {},
) {
  const said = { out: '', err: '' };
  const isTTY = typeof input !== 'string';
  const sink = (name: keyof typeof said) =>
    Object.assign(
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          said[name] += chunk.toString();
          if (name === 'out') onOutput(said.out);
          done();
        },
      }),
      { isTTY, columns: 200 },
    );
  const io = { ...processIo, env: { COLUMNS: '200', ...env }, stdout: sink('out'), stderr: sink('err') };
  const code = await main(['chat', '-m', 'm', '-u', server.url, ...words], {
    ...io,
    stdin: () => (typeof input === 'string' ? Readable.from([input]) : input),
  });
  const bodies = server.seen.map(({ body }) => JSON.parse(body));
  return { code, ...said, bodies };
}

const figures = /\nTTFT: \d+\.\d\d ms\nTPS: {2}[\d.]+ tokens\/s \(4 tokens in \d+\.\d\ds\)\n(ITL: {2}.*\n)?/;

it('-q sends one message and prints the reply with its figures', async () => {
  const { code, out, err, bodies } = await chatWith(['-q', 'Hello'], '', { OPENAI_API_KEY: 'sk-1234567890' });
  expect([code, err]).toEqual([0, '']);
  // "Reply", " ", "1", "." are four tokens of the builtin tokenizer.
  expect(out).toMatch(figures);
  expect(out.startsWith('Reply 1.\nTTFT: ')).toBe(true);
  expect(bodies).toEqual([
    {
      messages: [{ role: 'user', content: 'Hello' }],
      ...{ model: 'm', stream: true, stream_options: { include_usage: true } },
    },
  ]);
  const { headers } = server.seen[0] ?? {};
  expect(headers?.authorization).toBe('Bearer sk-1234567890');
  expect(Object.keys(headers ?? {}).filter((name) => name.startsWith('x-'))).toEqual([]);
});

it('every line of stdin is a message, with system text and history, until /exit', async () => {
  const { code, out, bodies } = await chatWith(
    ['--system-prompt', 'Be brief.'],
    'one\n\ntwo\n/exit\nthree\n',
  );
  expect(code).toBe(0);
  expect(bodies.map(({ messages }) => messages)).toEqual([
    [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one' },
    ],
    [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'Reply 2.' },
      { role: 'user', content: 'two' },
    ],
  ]);
  expect(out.match(/^Reply \d\.$/gm)).toEqual(['Reply 2.', 'Reply 4.']);
});

it('--no-history sends each message alone', async () => {
  const { bodies } = await chatWith(['--no-history'], 'one\ntwo');
  expect(bodies.map(({ messages }) => messages.length)).toEqual([1, 1]);
});

it('a failed reply is one clear message, and a script sees it in the exit code', async () => {
  const key = ['--api-key', 'wrong-key-1234'];
  const quick = await chatWith([...key, '-q', 'Hello'], '');
  expect(quick.code).toBe(1);
  expect(quick.err).toContain('401 Unauthorized: {"error":"no such key"}');
  const piped = await chatWith(key, 'one\ntwo\n');
  expect(piped.code).toBe(1);
  expect(piped.err).toBe(
    '401 Unauthorized: {"error":"no such key"}\nCheck --url, --model and --api-key.\n'.repeat(2),
  );
  expect(piped.err).not.toContain('wrong-key-1234');
});

it('a person can stop a reply and go on, and sees reasoning but no controls of the terminal', async () => {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const typed = ['hang\r', '\u0003', 'think\r', 'page\r', 'last\r', '\u0004'];
  // Each is typed when the prompt, or the first word of the reply to be stopped, is there.
  const expected = ['\n> ', 'Wait', 'Stopped.\n\n> ', '\n\n> ', '> ', '\n\n> '];
  let seen = 0;
  const type = (out: string) => {
    const at = plainText(out).indexOf(expected[0] ?? '\0', seen);
    if (at < 0) return;
    seen = at + (expected.shift()?.length ?? 0);
    setImmediate(() => input.write(typed.shift()));
  };
  const { code, out, err, bodies } = await chatWith([], input, {}, type);
  expect(code).toBe(0);
  expect(out).toContain('Wait\nStopped.\n');
  expect(out).toContain('\u001b[2mLet me see.\u001b[22m\n\nYes\n');
  expect(err).toBe(
    `500 Internal Server Error: <h1>${'x'.repeat(169)}…\nCheck --url, --model and --api-key.\n`,
  );
  // Neither the stopped reply nor the failed one is history.
  expect(bodies.at(-1).messages.map(({ content }: { content: string }) => content)).toEqual([
    'think',
    '\u001b[31m\u001b[2JYes',
    'last',
  ]);
});

it('figures: TTFT, tokens per second of the whole reply, gap after the first token', () => {
  const answer = new Answer({ endpoint: chat, streamEnd: 'any', keepUnits: false });
  const unit = (content: string, usage?: object) => {
    const bytes = Buffer.from(JSON.stringify({ choices: [{ index: 0, delta: { content } }], ...usage }));
    return (atNs: number) => answer.onData(bytes, 0, bytes.length, atNs);
  };
  unit('a b')(31e6);
  unit(' c')(51e6);
  unit(' d', { usage: { completion_tokens: 5 } })(81e6);
  const count = (text: string) => (text === '' ? 0 : text.split(' ').length);
  // From 1 ms: first after 30 ms, last after 80 ms; the server counts 5 tokens, the client 4.
  expect(figuresOf({ answer, startNs: 1e6 }, true, count)).toBe(
    'TTFT: 30.00 ms\nTPS:  62.50 tokens/s (5 tokens in 0.08s)\nITL:  12.50 ms/token (decode 80.00 tokens/s)\n',
  );
  expect(figuresOf({ answer, startNs: 1e6 }, false, count)).toBe(
    'TTFT: 30.00 ms\nTPS:  50.00 tokens/s (4 tokens in 0.08s)\nITL:  16.67 ms/token (decode 60.00 tokens/s)\n',
  );
});
