import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { outputsJson } from '../../src/export/outputs-json.js';
import type { CountedRecord } from '../../src/records/record.js';
import { learnSecrets } from '../../src/util/secrets.js';
import { fourRequests, origin, storeOf } from '../metrics/records.js';

const path = join(mkdtempSync(join(tmpdir(), 'aiperf-outputs-')), 'outputs.json');

function written(records: readonly CountedRecord[]): string {
  const sink = outputsJson(path, origin);
  for (const counted of records) {
    sink.onRecord?.({ record: counted.record, metrics: storeOf([]).add(counted) });
  }
  sink.flush?.();
  sink.onEnd?.();
  expect(existsSync(`${path}.part`)).toBe(false);
  return readFileSync(path, 'utf8');
}

it('holds every request by number, whatever order they came in, as AIPerf lays it out', () => {
  const [, second, , fourth] = fourRequests;
  if (second === undefined || fourth === undefined) throw new Error('four requests');
  const said = { ...second, record: { ...second.record, text: 'Ä "quoted"\nline' } };
  // Start and end are those of the metadata; the metrics those of `records-jsonl.test.ts`.
  const first = `    {
      "session_num": 1,
      "conversation_id": "session_000001",
      "turn_index": 0,
      "x_request_id": "00000000-0000-4000-8000-000000000001",
      "request_start_ns": 1767225600050000000,
      "request_end_ns": 1767225600382000000,
      "metrics": {
        "input_sequence_length": 30,
        "output_token_count": 5,
        "output_sequence_length": 7,
        "request_latency": 330.0,
        "time_to_first_token": 150.0,
        "inter_token_latency": 30.0
      },
      "response_text": "Ä \\"quoted\\"\\nline"
    }`;
  const failed = `    {
      "session_num": 3,
      "conversation_id": "session_000003",
      "turn_index": 0,
      "x_request_id": "00000000-0000-4000-8000-000000000003",
      "request_start_ns": 1767225601260000000,
      "request_end_ns": 1767225601290000000,
      "metrics": {},
      "response_text": null
    }`;
  const whole = `{\n  "schema_version": "1.0",\n  "data": [\n${first},\n${failed}\n  ]\n}`;
  expect(written([fourth, said])).toBe(whole);
  expect(written([said, fourth])).toBe(whole);
});

it('a run without a request has an empty list', () => {
  expect(written([])).toBe('{\n  "schema_version": "1.0",\n  "data": []\n}');
});

it('holds no secret that a server repeats', () => {
  const [, second] = fourRequests;
  if (second === undefined) throw new Error('four requests');
  learnSecrets(['sk-very-secret-1']);
  const text = written([{ ...second, record: { ...second.record, text: 'key sk-very-secret-1' } }]);
  expect(JSON.parse(text).data[0].response_text).toBe('key <redacted>');
});
