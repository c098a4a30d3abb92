import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeInputs } from '../../src/export/inputs-json.js';

const file = () => join(mkdtempSync(join(tmpdir(), 'aiperf-')), 'inputs.json');
const session = (n: number) => ({
  session_id: `s${n}`,
  payloads: [{ messages: [{ role: 'user', content: 'a\nb' }], stream: true }],
});

it('writes sessions as one indented document', async () => {
  const path = file();
  const data = [session(0), session(1)];
  const written = await writeInputs(path, data);
  const text = readFileSync(path, 'utf8');
  expect(text).toBe(JSON.stringify({ data }, null, 2));
  expect(written).toBe(text.length);
});

it('writes an empty dataset', async () => {
  const path = file();
  await writeInputs(path, []);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ data: [] });
});

it('stops when told to', async () => {
  const many = function* () {
    for (let n = 0; ; n++) yield session(n);
  };
  await expect(writeInputs(file(), many(), AbortSignal.abort(new Error('interrupted')))).rejects.toThrow(
    'interrupted',
  );
});
