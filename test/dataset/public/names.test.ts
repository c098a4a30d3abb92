import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { publicDatasetNames } from '../../../src/config/public-datasets.js';
import type { Conversation } from '../../../src/dataset/conversation.js';
import { namedDatasets } from '../../../src/dataset/public/names.js';
import { namedCases, namedStandIn } from './named-stand-ins.js';
import { planPublicly } from './plan.js';
import { standInHub } from './stand-in-hub.js';

const cache = mkdtempSync(join(tmpdir(), 'aiperf-public-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

it('plans every name', () => {
  expect(Object.keys(namedCases).sort()).toEqual([...publicDatasetNames].sort());
});

describe.each(publicDatasetNames)('%s', (name) => {
  const { source } = namedDatasets[name];
  const { columns, turns, media, caps } = namedCases[name];

  it('sends the first conversation as AIPerf does', async () => {
    await using hub = await standInHub(namedStandIn(name));
    const lines = `${JSON.stringify({ turns: columns.turns?.[0] })}\n`;
    const fromUrl = source.kind === 'url' ? { fetch: async () => new Response(lines) } : {};
    const { dataset } = await planPublicly(
      { dataset: name, limit: 1, ...fromUrl },
      { HF_ENDPOINT: hub.endpoint, HF_HOME: cache, XDG_CACHE_HOME: cache },
    );
    const first = dataset.conversation(0);
    expect(dataset.size).toBe(1);
    expect(first.turns.map(textOf)).toEqual(turns);
    expect(first.turns.flatMap((turn) => (turn.maxTokens === undefined ? [] : [turn.maxTokens]))).toEqual(
      caps ?? [],
    );
    const [item] = first.turns[0]?.media ?? [];
    if (media === undefined) expect(item).toBeUndefined();
    else expect(`${item?.kind} ${item?.value()}`).toMatch(media);
  });
});

/** The text of a turn, or the roles of its messages. */
function textOf({ texts, messages }: Conversation['turns'][number]): string {
  if (messages !== undefined) return `[${messages.map(({ role }) => role).join(',')}]`;
  return texts.flatMap(({ contents }) => contents).join('|');
}

describe('recorded agents', () => {
  const tools = [{ type: 'function', function: { name: 'ls', description: null, parameters: null } }];
  const system = { role: 'system', content: 'Be brief.' };
  const user = { role: 'user', content: 'Fix it.' };
  const call = { id: 'c', type: 'function', function: { name: 'ls', arguments: '{"a":1}' } };
  const first = { maxTokens: 7, messages: [system, user] };
  const second = {
    ...{ maxTokens: 30, tools, extra: { temperature: 0 } },
    messages: [
      system,
      user,
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: 'x.ts' },
    ],
  };

  it.each([
    ['follow one another with the recorded pauses', false, [['s1', [first, { ...second, delayMs: 1500 }]]]],
    [
      'are sent at their times',
      true,
      [
        ['s1:1', [{ ...first, timestampMs: 0 }]],
        ['s1:0', [{ ...second, timestampMs: 3500 }]],
      ],
    ],
  ] as const)('%s', async (_, isScheduled, expected) => {
    await using hub = await standInHub(namedStandIn('exgentic'));
    const { dataset } = await planPublicly(
      {
        dataset: 'exgentic',
        isScheduled,
        filters: { harness: 'claude_code', source_model: 'Claude-Opus-4-5' },
      },
      { HF_ENDPOINT: hub.endpoint, HF_HOME: cache },
    );
    const all = Array.from({ length: dataset.size }, (__, index) => dataset.conversation(index));
    expect(all.map(({ sessionId, turns }) => [sessionId, turns])).toMatchObject(expected);
    expect(all[0]?.turns[0]).not.toHaveProperty('tools');
  });
});
