import { afterEach, beforeEach, expect, it } from 'vitest';
import { RecordPacker, unpackRecords } from '../../src/records/pack.js';
import type { RequestRecord } from '../../src/records/record.js';
import { safeRaw } from '../../src/records/safe-record.js';
import { forgetSecrets, learnSecrets } from '../../src/util/secrets.js';
import { aRecord } from '../metrics/records.js';

beforeEach(forgetSecrets);
afterEach(forgetSecrets);

function packed(given: RequestRecord): RequestRecord | undefined {
  const packer = new RecordPacker('worker');
  packer.add(given);
  const [unpacked] = [...unpackRecords(packer.take())];
  return unpacked;
}

it('a response that echoes a secret is packed without it, numbers and prompts as they are', () => {
  learnSecrets(['12345678', 'sk-"quoted"-key', 'anything']);
  const given = {
    ...aRecord(),
    text: 'the key sk-"quoted"-key opens anything',
    usage: { prompt_tokens: 12345678, note: 'sk-"quoted"-key' },
    inputText: 'asked: sk-"quoted"-key',
    raw: {
      requestHeaders: {},
      payload: { prompt: 'p' },
      units: [{ atNs: 12345678, text: JSON.stringify({ echo: 'sk-"quoted"-key', token: 5 }) }],
    },
  };
  expect(packed(given)).toMatchObject({
    text: 'the key <redacted> opens anything',
    usage: { prompt_tokens: 12345678, note: '<redacted>' },
    inputText: 'asked: sk-"quoted"-key',
    raw: { units: [{ atNs: 12345678, text: '{"echo":"<redacted>","token":5}' }] },
  });
});

it('a request is kept without what stands under its secret keys, in its response as well', () => {
  const raw = {
    requestHeaders: { Accept: 'text/plain' },
    payload: { prompt: 'p', auth: { deep: ['hush-0123'] }, max_tokens: 3 },
    units: [
      {
        atNs: 1,
        packets: [
          { name: 'data', value: 'you sent hush-0123' },
          { name: 'event', value: null },
        ],
      },
    ],
  };
  expect(safeRaw(raw)).toEqual({
    requestHeaders: { Accept: 'text/plain' },
    payload: { prompt: 'p', auth: { deep: ['<redacted>'] }, max_tokens: 3 },
    units: [
      {
        atNs: 1,
        packets: [
          { name: 'data', value: 'you sent <redacted>' },
          { name: 'event', value: null },
        ],
      },
    ],
  });
});
