import type { Snapshot } from '../collect/snapshot.js';
import { counted, withThousands } from '../util/counted.js';
import { andList } from '../util/lists.js';

const phaseTitles = { warmup: 'Warmup', profiling: 'Profiling' } as const;

/** `05:07`, from an hour on `1:02:03`; whole seconds, cut. */
function durationText(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (part: number) => String(part).padStart(2, '0');
  const minutes = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole < 3600 ? minutes : `${Math.floor(whole / 3600)}:${minutes}`;
}

/** What a screen shows of a snapshot: of its phase, and after the load of the records that are left. */
interface Shown {
  /** `Profiling: 250/1,000`, or `Profiling: 250` where the total is not known. */
  readonly done: string;
  /** The share that is done, 0 to 1; undefined where the end is not known. */
  readonly share: number | undefined;
  readonly elapsed: string;
  /** Undefined where it is not known. */
  readonly eta: string | undefined;
  /** Rate, errors and latencies, the most important first. */
  readonly figures: readonly string[];
}

/** @param hasRoom for percentiles too. */
export function shown(snapshot: Snapshot, hasRoom: boolean): Shown {
  const { phase, processing, requests, requestsPerSecond } = snapshot;
  if (processing !== undefined) {
    const { records, total, recordsPerSecond } = processing;
    const rate = `${decimalText(recordsPerSecond)} records/s`;
    return {
      done: doneText('Processing Records', records, total),
      share: total === 0 ? 1 : records / total,
      ...times(processing),
      figures: [rate],
    };
  }
  const { ttft, itl } = snapshot.latencies;
  const figures = [
    `${decimalText(requestsPerSecond)} requests/s`,
    counted(requests.failed + requests.dropped, 'error'),
  ];
  if (snapshot.shards !== undefined) figures.push(shardsText(snapshot.shards));
  for (const [name, latency] of [
    ['TTFT', ttft],
    ['ITL', itl],
  ] as const) {
    if (latency === undefined) continue;
    const p99 = hasRoom ? ` (p99 ${decimalText(latency.p99)})` : '';
    figures.push(`${name} ${decimalText(latency.mean)} ms${p99}`);
  }
  return {
    done: doneText(phaseTitles[phase], requests.returned, requests.planned),
    share: snapshot.share,
    ...times(snapshot),
    figures,
  };
}

function doneText(title: string, done: number, total: number | undefined): string {
  return `${title}: ${withThousands(done)}${total === undefined ? '' : `/${withThousands(total)}`}`;
}

function times({
  elapsedSeconds,
  etaSeconds,
}: Pick<Snapshot, 'elapsedSeconds' | 'etaSeconds'>): Pick<Shown, 'elapsed' | 'eta'> {
  return {
    elapsed: durationText(elapsedSeconds),
    eta: etaSeconds === undefined ? undefined : durationText(etaSeconds),
  };
}

function decimalText(value: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** More shards than this in a state are counted, not named. */
const MOST_NAMED = 3;

/** `8 shards`, or `8 shards (shard 3 silent, shards 4 and 5 lost)` where some need attention. */
function shardsText(shards: NonNullable<Snapshot['shards']>): string {
  const notes = (['silent', 'lost'] as const).flatMap((state) => {
    const numbers = shards.filter((one) => one.state === state).map(({ shard }) => `${shard}`);
    if (numbers.length === 0) return [];
    if (numbers.length > MOST_NAMED) return [`${numbers.length} ${state}`];
    return [`${numbers.length === 1 ? 'shard' : 'shards'} ${andList(numbers)} ${state}`];
  });
  return `${counted(shards.length, 'shard')}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
}
