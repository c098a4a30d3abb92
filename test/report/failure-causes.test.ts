import { expect, test } from 'vitest';
import { failureCauses } from '../../src/report/failure-causes.js';

const group = (count: number, code: number | undefined, type: string, message = '') => ({
  error: { ...(code === undefined ? {} : { code }), type, message },
  count,
});
const beyond = (count: number, limit: number, prompt: number) =>
  group(
    count,
    400,
    'Bad Request',
    `This model's maximum context length is ${limit} tokens. However, you requested ${prompt} tokens.`,
  );

test.each([
  ['nothing failed', [], 0, undefined],
  [
    // Every length of a prompt is a message of its own.
    'one cause in many messages',
    [beyond(40, 32_768, 40_000), beyond(35, 32_768, 50_000)],
    75,
    '75 requests exceeded the 32K context window',
  ],
  ['one request', [beyond(1, 131_072, 200_000)], 1, '1 request exceeded the 128K context window'],
  ['a limit of no whole K', [beyond(2, 4000, 5000)], 2, '2 requests exceeded the 4,000-token context window'],
  ['two limits', [beyond(2, 4096, 1), beyond(2, 2048, 1)], 4, '4 requests exceeded the context window'],
  [
    'no limit in the message',
    [group(3, 400, 'Bad Request', 'context_length_exceeded')],
    3,
    '3 requests exceeded the context window',
  ],
  ['another cause', [group(3, 503, 'Service Unavailable')], 3, '503 Service Unavailable'],
  ['without a status', [group(3, undefined, 'ECONNREFUSED')], 3, 'ECONNREFUSED'],
  [
    'the most frequent one, and those beyond the window behind it',
    [beyond(5, 32_768, 40_000), group(9, 503, 'Service Unavailable'), group(8, 500, 'x')],
    22,
    '9 of them 503 Service Unavailable; 5 requests exceeded the 32K context window',
  ],
  ['cancelled ones have no cause', [group(4, 499, 'RequestCancellationError')], 4, undefined],
  [
    'the end of the grace period',
    [
      group(
        3,
        499,
        'RequestCancellationError',
        'Request cancelled: still in flight when the grace period of 1 s ended',
      ),
    ],
    3,
    'still in flight when the grace period ended',
  ],
] as const)('%s', (_, errors, total, words) => {
  expect(failureCauses(errors, total)).toBe(words);
});
