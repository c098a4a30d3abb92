import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hasTimestamps, isTrace } from '../../../src/dataset/plan.js';
import { lines, load, refusal, sessions, write } from './load-files.js';

/** One request as `sessions` shows it. */
const request = (number: number, ...turn: unknown[]) => ({
  sessionId: `session_00000${number}`,
  history: 'self-contained',
  turns: [turn],
});

describe('burst_gpt_trace', () => {
  const head = 'Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type';

  it('is a request per row at its second, without rows that hold no numbers', async () => {
    const rows = [
      '5,,,ChatGPT,20,4,24,"Conversation, log"',
      '7.25,,,GPT-4,0,0,0,x',
      '9,,,GPT-4,abc,3,3,x',
      '11,,,GPT-4,15,6,3,API log',
    ];
    const loaded = await load(write([head, ...rows].join('\n'), 'burst.csv'));
    expect([isTrace(loaded.plan), hasTimestamps(loaded.plan)]).toEqual([true, true]);
    expect(sessions(loaded)).toEqual([
      request(0, '20 tokens', 4, 5000),
      request(1, '1 tokens', 1, 7250),
      request(2, '15 tokens', 6, 11_000),
    ]);
    expect(loaded.log).toEqual([
      'WARNING dataset FILE:3: a prompt of 0 tokens cannot be sent: using 1',
      'WARNING dataset FILE:3: an output length of 0 cannot be asked for: using 1',
      'WARNING dataset FILE:4: Request tokens is no number: the row is skipped',
    ]);
  });

  it.each([
    [
      `${head}\n5,,,x,-20,4,24,x`,
      'FILE:2: Request tokens must be a whole number of tokens from 0 to 10000000, got "-20"',
    ],
    [
      `${head}\n5,,,x,20,4.5,24,x`,
      'FILE:2: Response tokens must be a whole number of tokens from 0 to 10000000, got "4.5"',
    ],
    [`${head}\n-5,,,x,20,4,24,x`, 'FILE:2: Timestamp must be a number of seconds, got "-5"'],
    [`${head}\n5,,,x`, 'FILE:2: Invalid Record Length: columns length is 8, got 4'],
    [head, 'FILE holds no rows'],
    [
      'Timestamp,Model,Request tokens\n5,x,20',
      'FILE:1: the column Response tokens of burst_gpt_trace is missing; there are Timestamp, Model, Request tokens',
    ],
    ['a,b\n1,2', 'FILE:1: the columns a, b are of no known trace'],
  ])('%j is refused', async (content, problem) => {
    expect(await refusal(write(content, 'burst.csv'))).toBe(problem);
  });
});

describe('azure_trace', () => {
  // As published: CRLF, seven digits, no line break at the end.
  const content =
    'TIMESTAMP,ContextTokens,GeneratedTokens\r\n' +
    '2023-11-16 18:17:03.9799600,4808,10\r\n' +
    '2023-11-16 18:17:04.0319569,110,27\r\n' +
    '2023-11-16 18:17:03.9800000,7,1';

  it('has exact times in their order, from the whole millisecond of the first', async () => {
    const expected = [
      request(0, '4808 tokens', 10, 0.96),
      request(1, '7 tokens', 1, 1),
      request(2, '110 tokens', 27, 52.9569),
    ];
    expect(sessions(await load(write(content, 'a.csv')))).toEqual(expected);
    expect(sessions(await load(write(gzipSync(content), 'a.csv.gz')))).toEqual(expected);
    // Told by its columns, whatever the name.
    expect(sessions(await load(write(`\ufeff${content}`, 'trace.txt')))).toEqual(expected);
  });

  it('takes times with a zone, as the traces of 2024 have them', async () => {
    const zoned =
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n2024-05-10 01:00:00.010930+01:00,1,2\n';
    expect(sessions(await load(write(zoned, 'a.csv')))).toEqual([
      request(0, '2162 tokens', 5, 0.93),
      request(1, '1 tokens', 2, 1.93),
    ]);
  });

  it('is not taken for another type', async () => {
    const path = write(content, 'a.csv');
    expect(await refusal(path, { datasetType: 'mooncake_trace' })).toBe(
      'FILE is not JSON, as mooncake_trace is',
    );
    expect(await refusal(path, { datasetType: 'burst_gpt_trace' })).toMatch(
      /^FILE:1: the column Timestamp and Request tokens and Response tokens of burst_gpt_trace is missing/,
    );
    expect(await refusal(write(lines({ input_length: 5 })), { datasetType: 'azure_trace' })).toBe(
      'FILE is not CSV with the columns TIMESTAMP, ContextTokens, GeneratedTokens, as azure_trace is',
    );
    expect(await refusal(write(content.replace('18:17:04', '18.17.04'), 'a.csv'))).toBe(
      'FILE:3: TIMESTAMP must be a time like 2023-11-16 18:17:03.9799600, got "2023-11-16 18.17.04.0319569"',
    );
  });
});
