import type { Sink } from '../collect/sink.js';
import type { RawUnit, RequestRecord } from '../records/record.js';
import type { ClockOrigin } from '../util/clock.js';
import { lineSink, type RecordFileOptions } from './line-file.js';
import { errorMember, metadataJson, type RecordContext } from './record-metadata.js';

/** A sink that writes the records of all phases with their raw exchange. */
export function rawJsonl({ contexts, ...file }: RecordFileOptions): Sink {
  return lineSink(file, ({ record }) => rawLine(record, contexts[record.phase]));
}

/**
 * A line of the raw file, with its newline: the request as it was sent and every response unit as it came.
 * Its `perf_ns` times are those of the machine's monotonic clock. @throws Error for a record that kept no raw
 * exchange.
 */
export function rawLine(record: RequestRecord, context: RecordContext): string {
  const { raw } = record;
  if (raw === undefined) throw new Error(`record ${record.requestId} holds no raw exchange`);
  const { origin } = context;
  const units = raw.units.map((unit) => unitJson(unit, origin)).join(',');
  return (
    `{"metadata":${metadataJson(record, context)},"start_perf_ns":${perfNs(origin, record.startNs)}` +
    `,"request_headers":${JSON.stringify(raw.requestHeaders)}` +
    (raw.status === undefined ? '' : `,"status":${raw.status}`) +
    `,"responses":[${units}]${errorMember(record)},"payload":${JSON.stringify(raw.payload)}}\n`
  );
}

function unitJson({ atNs, packets, text, contentType }: RawUnit, origin: ClockOrigin): string {
  const content = {
    packets: packets?.map(({ name, value }) => ({ name, value: value ?? undefined })),
    text,
    content_type: contentType,
  };
  const members = JSON.stringify(content).slice(1);
  return `{"perf_ns":${perfNs(origin, atNs)}${members === '}' ? '}' : `,${members}`}`;
}

function perfNs(origin: ClockOrigin, atNs: number): bigint {
  return origin.monotonicNs + BigInt(Math.round(atNs));
}
