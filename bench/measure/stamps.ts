import { readFileSync } from 'node:fs';

/** When the pieces of one answer came, by some client, ns of that client's clock. */
export interface Stamps {
  /** The `X-Request-ID` that it was sent with. */
  readonly id: string;
  readonly startNs: number;
  readonly eventNs: Float64Array;
}

/** A line of the server's token log, ns of CLOCK_MONOTONIC. */
export interface Sent {
  /** Empty when the client sent none. */
  readonly id: string;
  readonly receivedNs: number;
  readonly startedNs: number;
  readonly tokenNs: Float64Array;
}

/** The server's log by request id. */
export function readTokenLog(path: string): Map<string, Sent> {
  return new Map(readAllSent(path).map((sent) => [sent.id, sent]));
}

/** All requests of the server's log, in the order in which they ended. */
export function readAllSent(path: string): Sent[] {
  const all: Sent[] = [];
  for (const line of lines(path)) {
    const { request_id, received_ns, started_ns, token_ns } = JSON.parse(line);
    const tokenNs = Float64Array.from(token_ns);
    all.push({ id: request_id ?? '', receivedNs: received_ns, startedNs: started_ns, tokenNs });
  }
  return all;
}

/** A request of the per-record file of AIPerf, ours or NVIDIA's. */
export interface RecordStamps extends Stamps {
  /** When it was due. */
  readonly dueNs: number;
  readonly ttftNs: number;
  readonly itlNs: number;
  readonly latencyNs: number;
  readonly bodyBytes: number;
  /** Asked for. */
  readonly outputTokens: number;
}

/**
 * The valid requests of a per-record file. Wall-clock times, less `epochNs`: as they stand there they pass 2^53, and
 * a double would lose a quarter of a microsecond. Content times are the start plus TTFT plus the gaps between chunks.
 */
export function readRecords(path: string, epochNs: bigint): RecordStamps[] {
  const records: RecordStamps[] = [];
  for (const line of lines(path)) {
    const { metadata, metrics, error } = JSON.parse(line);
    if (error) continue;
    const exact = (key: string) => {
      const digits = new RegExp(`"${key}": ?(\\d+)`).exec(line)?.[1];
      return digits === undefined ? Number.NaN : Number(BigInt(digits) - epochNs);
    };
    const value = (tag: string): number => metrics[tag]?.value ?? Number.NaN;
    const ns = (tag: string) => value(tag) * 1e6;
    const startNs = exact('request_start_ns');
    const latencyNs = ns('request_latency');
    const ttftNs = ns('time_to_first_token');
    const gaps: number[] = metrics.inter_chunk_latency?.value ?? [];
    const eventNs = new Float64Array(gaps.length + 1);
    // A whole answer is one event, at its end.
    let at = startNs + (Number.isNaN(ttftNs) ? latencyNs : ttftNs);
    eventNs[0] = at;
    for (const [place, gap] of gaps.entries()) {
      at += gap * 1e6;
      eventNs[place + 1] = at;
    }
    const id: string = metadata.x_request_id;
    records.push({
      id,
      startNs,
      dueNs: exact('credit_issued_ns'),
      eventNs,
      ttftNs,
      itlNs: ns('inter_token_latency'),
      latencyNs,
      bodyBytes: value('http_req_data_sent') * 1024,
      outputTokens: value('requested_osl'),
    });
  }
  return records;
}

function* lines(path: string): Generator<string> {
  for (const line of readFileSync(path, 'utf8').split('\n')) if (line !== '') yield line;
}
