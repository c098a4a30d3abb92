import { textOf } from '../../endpoint/payload.js';
import { isObject, type Json, objectIn } from '../../util/json.js';
import type { LogFormat } from './log-format.js';
import { timeOf } from './times.js';

/** SageMaker's data capture: input and output of an endpoint as text or base64. Its times are those of the inference. */
export const sagemakerLog: LogFormat = {
  marks: (row) => isObject(row.captureData),
  read({ captureData, eventMetadata }) {
    if (!isObject(captureData)) return [];
    const body = objectIn(captured(captureData.endpointInput) ?? '');
    if (body === undefined) return [];
    const output = captured(captureData.endpointOutput);
    return [
      {
        body,
        atMs: isObject(eventMetadata) ? timeOf(eventMetadata.inferenceTime) : undefined,
        answer: output === undefined ? { kind: 'unknown' } : { kind: 'body', body: output },
      },
    ];
  },
};

function captured(part: Json | undefined): string | undefined {
  if (!isObject(part) || part.data === undefined) return undefined;
  if (isObject(part.data)) return JSON.stringify(part.data);
  const data = textOf(part.data);
  return part.encoding === 'BASE64' ? Buffer.from(data, 'base64').toString() : data;
}
