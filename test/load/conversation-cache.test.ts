import { describe, expect, it, vi } from 'vitest';
import type { Conversation, Dataset } from '../../src/dataset/conversation.js';
import type { Payload } from '../../src/endpoint/payload.js';
import { ConversationCache } from '../../src/load/conversation-cache.js';

/** Conversations whose JSON has `characters` characters and a little more; `made` counts how many were made. */
function dataset(size: number, characters = 1): Dataset & { readonly made: number[] } {
  const made: number[] = [];
  return {
    size,
    made,
    conversation(index): Conversation {
      made.push(index);
      const text = `${index}`.padEnd(characters, '.');
      const turn = { role: 'user', texts: [{ name: 'text', contents: [text] }], model: 'm' };
      return { sessionId: `s${index}`, turns: [turn], history: 'live-answers' };
    },
  };
}

const payload = (data: string): Payload => ({
  data,
  byteLength: data.length,
  contentType: 'application/json',
  model: 'm',
  outputCap: undefined,
  batchSize: undefined,
  body: () => ({}),
  inputText: () => '',
  inputIds: () => 0,
  secrets: () => [],
});

describe('conversations', () => {
  it('are kept from the second time on that they are asked for', () => {
    const source = dataset(2);
    const conversations = new ConversationCache(source, source.size);
    const scripts = [0, 1, 0, 0, 0].map((index) => conversations.script(index));
    expect(source.made).toEqual([0, 1, 0]);
    expect(scripts.map(({ conversation }) => conversation.sessionId)).toEqual(['s0', 's1', 's0', 's0', 's0']);
    expect(scripts.map(({ payloads }) => payloads !== undefined)).toEqual([false, false, true, true, true]);
    expect(scripts[3]).toBe(scripts[2]);
  });

  it('are kept from the first time on where more sessions than conversations are played', () => {
    const source = dataset(2);
    const conversations = new ConversationCache(source, 3);
    const scripts = [0, 1, 0].map((index) => conversations.script(index));
    expect(source.made).toEqual([0, 1]);
    expect(scripts[2]).toBe(scripts[0]);
  });

  it('keep the payloads of their turns', () => {
    const conversations = new ConversationCache(dataset(1), 1);
    conversations.script(0);
    const kept = payload('{"a":1}');
    conversations.script(0).payloads?.keep(3, kept);
    expect(conversations.script(0).payloads?.get(3)).toBe(kept);
    expect(conversations.script(0).payloads?.get(2)).toBeUndefined();
  });

  it('are made anew where there is no room for more: 8,000,000 characters are kept', () => {
    const source = dataset(3, 3_000_000);
    const conversations = new ConversationCache(source, source.size);
    for (const index of [0, 1, 2, 0, 1, 2, 0, 1, 2]) conversations.script(index);
    // Two of 3,000,000 fit; payloads share what is left.
    expect(source.made).toEqual([0, 1, 2, 0, 1, 2, 2]);
    const { payloads } = conversations.script(0);
    payloads?.keep(0, payload(''.padEnd(1_999_000)));
    payloads?.keep(1, payload(''.padEnd(2000)));
    expect(payloads?.get(0)?.byteLength).toBe(1_999_000);
    expect(payloads?.get(1)).toBeUndefined();
  });

  it('are measured once where there is no room for them: it costs as much as the keeping would spare', () => {
    const conversations = new ConversationCache(dataset(1, 9_000_000), 1);
    const measured = vi.spyOn(JSON, 'stringify');
    for (let time = 0; time < 5; time++) conversations.script(0);
    expect(measured).toHaveBeenCalledTimes(1);
    measured.mockRestore();
  });
});
