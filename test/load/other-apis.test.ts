import { describe, expect, it } from 'vitest';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import type { PhaseRunner } from '../../src/load/phase-runner.js';
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
    const body = Buffer.from(request?.body ?? '');
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
