import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chatOverhead, openChatTemplate } from '../../../src/dataset/tokenizer/chat-template.js';
import { openTokenizer } from '../../../src/dataset/tokenizer/open.js';

const builtin = { kind: 'shipped', name: 'builtin' } as const;
const qwen3 = openTokenizer(builtin);

/** The template of a folder with these files. */
function templateOf(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'aiperf-template-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return openChatTemplate({ kind: 'files', name: 'm', folder });
}

const config = (chat_template: unknown, more: object = {}) => ({
  'tokenizer_config.json': JSON.stringify({ chat_template, ...more }),
});
const hello = [{ role: 'user', content: 'Hello' }];

describe('a chat template', () => {
  it('is that of Qwen3 for the builtin tokenizer', () => {
    const template = openChatTemplate(builtin);
    expect(template?.render(hello)).toBe('<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n');
    // Three tokens begin each message, two end it, and three begin the answer.
    expect(template && chatOverhead(template, qwen3)).toEqual({ perMessage: 5, perRequest: 3 });
    const noThinking = { enable_thinking: false };
    expect(template?.render(hello, noThinking)).toMatch(/assistant\n<think>\n\n<\/think>\n\n$/);
    expect(template && chatOverhead(template, qwen3, noThinking)).toEqual({ perMessage: 5, perRequest: 7 });
  });

  it.each([
    {
      from: 'the configuration',
      files: config('{{ bos_token }}{{ messages[0].content }}', { bos_token: '<s>' }),
    },
    {
      from: 'the one of several that is the default',
      files: config(
        [
          { name: 'tool_use', template: 'no' },
          { name: 'default', template: '{{ bos_token }}{{ messages[0].content }}' },
        ],
        { bos_token: { content: '<s>' } },
      ),
    },
    {
      from: 'a file of its own, first',
      files: { ...config('no'), 'chat_template.jinja': '<s>{{ messages[0]["content"] }}' },
    },
  ])('comes from $from', ({ files }) => {
    expect(templateOf(files)?.render(hello)).toBe('<s>Hello');
  });

  it('is none where there is none, and refused where it is no Jinja', () => {
    expect(templateOf({})).toBeUndefined();
    expect(templateOf(config(null))).toBeUndefined();
    expect(() => templateOf(config('{% if %}'))).toThrow('its chat template is no valid Jinja template');
  });

  it.each([
    { why: 'refuses the messages', text: '{{ raise_exception("no") }}' },
    { why: 'leaves text out', text: 'a' },
  ])('has no overhead if it $why', ({ text }) => {
    const template = templateOf(config(text));
    expect(template && chatOverhead(template, qwen3)).toBeUndefined();
  });
});
