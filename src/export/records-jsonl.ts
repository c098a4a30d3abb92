import type { Sink } from '../collect/sink.js';
import { oslMismatchDiff } from '../metrics/request-metrics.js';
import type { RecordMetrics } from '../metrics/request-table.js';
import { metrics as metricTable } from '../metrics/table.js';
import type { PhaseName, RequestRecord } from '../records/record.js';
import { pythonFloat } from '../util/python-json.js';
import { traceMember } from './http-trace.js';
import { lineSink, type RecordFileOptions } from './line-file.js';
import { errorMember, metadataJson, type RecordContext } from './record-metadata.js';

/** Makes a sink that writes the records of a phase. */
export function recordsJsonl(phase: PhaseName) {
  return ({ contexts, ...file }: RecordFileOptions): Sink =>
    lineSink(file, ({ record, metrics }) =>
      record.phase === phase ? recordLine(record, metrics, contexts[phase]) : undefined,
    );
}

/** A line of the per-record file, with its newline. Concatenated by hand: this runs for every request. */
export function recordLine(record: RequestRecord, metrics: RecordMetrics, context: RecordContext): string {
  let members = '';
  let isOffLength = false;
  for (const [tag, value] of metrics) {
    if (tag === oslMismatchDiff.tag && value !== 0) isOffLength = true;
    const frame = frames.get(tag);
    if (frame === undefined) throw new Error(`no metric has the tag ${tag}`);
    const text = typeof value === 'number' ? number(value, frame.whole) : list(value);
    members += `${members === '' ? '' : ','}${frame.before}${text}${frame.after}`;
  }
  const trace = traceMember(record, context.origin);
  // Reports name the cause of another length than requested from it. AIPerf's files have no such key.
  const finishReason = isOffLength ? record.finishReason : undefined;
  return `{"metadata":${metadataJson(record, context, finishReason)},"metrics":{${members}}${trace}${errorMember(record)}}\n`;
}

/** Text before and after the value of each metric. */
const frames = new Map(
  metricTable.map((metric) => [
    metric.tag,
    {
      before: `"${metric.tag}":{"value":`,
      after: `,"unit":"${metric.displayUnit}"}`,
      whole: metric.kind === 'count' || (metric.kind === 'record' && metric.integer),
    },
  ]),
);

function list(values: Float64Array): string {
  let items = '';
  for (const value of values) items += items === '' ? pythonFloat(value) : `,${pythonFloat(value)}`;
  return `[${items}]`;
}

function number(value: number, whole: boolean): string {
  return whole && Number.isInteger(value) ? `${value}` : pythonFloat(value);
}
