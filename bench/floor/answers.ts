import { writeFileSync } from 'node:fs';

// What the bare clients on node:net share. They are processes of their own: an error ends them.

/** CLOCK_MONOTONIC, ns. */
export function nowNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/** Whether the read ends a stream: `0 CR LF CR LF` behind a line. @param length of the read in `buffer`. */
export function endsStream(buffer: Buffer, length: number): boolean {
  return (
    length >= 5 &&
    buffer[length - 1] === 10 &&
    buffer[length - 3] === 10 &&
    buffer[length - 5] === 48 &&
    (length === 5 || buffer[length - 6] === 10)
  );
}

/** Of one request, ns: when it was due, when it was sent, when its events came. */
export interface Times {
  readonly dueNs: number;
  readonly startNs: number;
  readonly eventNs: readonly number[];
}

/** The same file as the C sink writes: id, due, start, number of events, events; of each request. */
export function writeStamps(file: string, requests: readonly Times[]): void {
  const numbers = requests.flatMap(({ dueNs, startNs, eventNs }, id) => [
    id,
    dueNs,
    startNs,
    eventNs.length,
    ...eventNs,
  ]);
  writeFileSync(file, new Uint8Array(Float64Array.from(numbers).buffer));
}

/** Starts the clocks of a run; the result takes what was counted, prints the line that the C sink prints, and exits. */
export function startRun(): (
  counts: Readonly<Record<'requests' | 'events' | 'reads' | 'connections', number>>,
) => void {
  const beganNs = process.hrtime.bigint();
  const before = process.cpuUsage();
  return (counts) => {
    const { user, system } = process.cpuUsage(before);
    const facts = {
      ...counts,
      errors: 0,
      wallSeconds: Number(process.hrtime.bigint() - beganNs) / 1e9,
      cpuSeconds: (user + system) / 1e6,
      peakMb: process.resourceUsage().maxRSS / 1024,
    };
    process.stdout.write(`${JSON.stringify(facts)}\n`, () => process.exit(0));
  };
}
