import { describe, expect, it } from 'vitest';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import type { PhaseRunner } from '../../src/load/phase-runner.js';
import { joined } from '../../src/util/byte-pieces.js';
import { pictures, vectors } from '../endpoint/other-apis.js';
import { type StageOptions, stage } from './phase-environment.js';

const loop = (phase: PhaseRunner) => new ClosedLoop(phase, { limit: 1, rampNs: 0 }, (total) => total);
const run = (options: StageOptions) => stage({ requestLimit: 1, ...options }, loop);

describe('requests of other APIs than completions', () => {
  it('are counted by what they hold', () => {
    const { sent, records, respondWith } = run({ endpoint: vectors });
    expect(sent).toMatchObject([
      { body: '{"model":"m","input":["0.0"]}', bodyBytes: 29, headers: ['Content-Type', 'application/json'] },
    ]);
    respondWith(0, '{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":3}}');
    expect(records).toMatchObject([
      {
        model: 'm',
        inputText: '0.0',
        requestedOsl: undefined,
        error: undefined,
        text: undefined,
        contentNs: new Float64Array([0]),
        usage: { prompt_tokens: 3 },
      },
    ]);
  });

  it('go out as bytes where the API wants a form', () => {
    const texts = [
      { name: 'text', contents: ['more sky'] },
      { name: 'image', contents: ['/wCA'] },
    ];
    const { sent, records, respondWith } = run({ endpoint: pictures, texts });
    const [request] = sent;
    const body = joined(request?.body ?? '');
    expect(body.includes(Buffer.from([0xff, 0, 0x80]))).toBe(true);
    expect(request?.bodyBytes).toBe(body.length);
    expect(request?.headers).toEqual(['Content-Type', 'multipart/form-data; boundary=b']);
    respondWith(0, '{"b64_json":"QQ=="}');
    expect(records).toMatchObject([{ error: undefined, inputText: 'more sky', firstOutputNs: 0 }]);
  });

  it('fail without being sent where the turn lacks what the API needs', async () => {
    const { sent, records } = run({ endpoint: pictures });
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toEqual([]);
    expect(records).toMatchObject([{ error: { type: 'ValueError', message: 'an image is missing' } }]);
  });
});

it('a request of media alone has no input text', () => {
  const { records, respondWith } = run({ texts: [] });
  respondWith(0, '{"choices":[{"message":{"content":"a cat"}}]}');
  expect(records).toMatchObject([{ inputText: undefined, inputTokens: undefined, error: undefined }]);
});

describe('a job', () => {
  const job = (status: string, more = {}) => JSON.stringify({ id: 'v', status, ...more });
  const texts = [{ name: 'text', contents: ['a cat'] }];
  const { video_generation: endpoint } = endpoints;
  const started = (options: Partial<StageOptions> = {}) => {
    const { respondWith, advanceTo, ...rest } = run({ endpoint, texts, ...options });
    const answer = (ns: number, body: string) => {
      advanceTo(ns);
      respondWith(0, body);
      advanceTo(ns);
    };
    return { ...rest, answer, advanceTo };
  };

  it('is asked for at once, then every 100 ms, and is one record', () => {
    const { answer, advanceTo, sent, records } = started();
    answer(5e6, job('queued'));
    answer(7e6, job('in_progress'));
    advanceTo(106e6);
    expect(sent).toHaveLength(2);
    advanceTo(107e6);
    answer(110e6, job('completed', { inference_time_s: 0.1 }));
    expect(sent.map(({ method, path, atNs, headers }) => [method, path, atNs, headers.length])).toEqual([
      ['POST', '/', 0, 2],
      ['GET', '//v', 5e6, 0],
      ['GET', '//v', 107e6, 0],
    ]);
    expect(records).toMatchObject([
      { startNs: 0, ackNs: 5e6, endNs: 110e6, error: undefined, usage: { inference_time_s: 0.1 } },
    ]);
    expect([...(records[0]?.contentNs ?? [])]).toEqual([110e6]);
  });

  it('fails as the server says', () => {
    const { answer, records } = started();
    answer(5e6, job('queued'));
    answer(9e6, job('failed', { error: { message: 'no gpu' } }));
    expect(records).toMatchObject([
      {
        endNs: 9e6,
        error: { code: 500, type: 'VideoGenerationError', message: 'Video generation failed: no gpu' },
      },
    ]);
  });

  it.each(['', '{"other":1}'])('fails where the answer to a question is %j', (body) => {
    const { answer, sent, advanceTo, records } = started();
    answer(5e6, job('queued'));
    answer(6e6, body);
    advanceTo(1e9);
    expect(sent).toHaveLength(2);
    expect(records).toMatchObject([{ error: { type: 'InvalidInferenceResultError' } }]);
  });

  it('fails when it is asked for in vain', () => {
    const { answer, timeOut, records } = started();
    answer(5e6, job('queued'));
    timeOut(0);
    expect(records).toMatchObject([{ error: { code: 504, type: 'TimeoutError', message: 'too slow' } }]);
  });

  it('is not cancelled by chance, but dropped with the run, also between two questions', () => {
    const { answer, phase, handedOver, advanceTo, records } = started({
      cancellation: { isChosen: () => true, delayNs: 1 },
    });
    handedOver(0);
    answer(5e6, job('queued'));
    answer(6e6, job('in_progress'));
    phase.drop('the end');
    advanceTo(1e9);
    expect(records).toMatchObject([{ error: { code: 499, message: 'Request cancelled: the end' } }]);
  });
});
