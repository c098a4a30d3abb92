import { Worker } from 'node:worker_threads';
import type { TransportOptions } from '../transport/transport.js';
import type { ClockOrigin } from '../util/clock.js';
import { UserError } from '../util/errors.js';
import type { Log, LogLevel } from '../util/log.js';
import { deathOf } from '../util/thread-death.js';
import { sleep } from '../util/timeout.js';
import type { GpuPlan } from './gpu/gpu-collector.js';
import type { LiveTelemetry } from './live-telemetry.js';
import type { PagePlan } from './page-source.js';

/** What the telemetry thread reads, as plain data. */
export interface TelemetryPlan {
  readonly origin: ClockOrigin;
  /** A source that cannot be read at the start is an error. */
  readonly isStrict: boolean;
  /** The latest values are reported each second, for live views. */
  readonly isWatched: boolean;
  /** Folder for what was read; made with the first page. */
  readonly folder: string;
  /** Folder of what another process has read in the same measurement; undefined: there is none. */
  readonly formerFolder: string | undefined;
  readonly pages: readonly PagePlan[];
  readonly gpu: GpuPlan | undefined;
  readonly transport: 'http' | 'undici';
  readonly transportOptions: Omit<TransportOptions, 'nowNs'>;
}

/** Message to the telemetry thread. */
export type TelemetryCommand<Request> =
  | { readonly kind: 'read' }
  | { readonly kind: 'stop'; readonly isHurried: boolean }
  | { readonly kind: 'finish'; readonly request: Request };

/** A source that could not be read, and why. */
interface UnreadSource {
  readonly url: string;
  readonly message: string;
}

/** Message of the telemetry thread. */
export type TelemetryEvent<Results> =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  /** The thread runs, and the first reads are sent. */
  | { readonly kind: 'reading' }
  /** Every source was read twice, or could not be read. */
  | { readonly kind: 'begun'; readonly unread: readonly UnreadSource[] }
  /** There is nothing to read, and nobody asked for it: the thread is not needed. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'latest'; readonly latest: LiveTelemetry }
  /** Every source was read since it was asked for. */
  | { readonly kind: 'read' }
  | { readonly kind: 'results'; readonly results: Results };

/** Reads servers and GPUs while a run sends its load. */
export interface TelemetryReading {
  /**
   * Waits until all sources were read twice, but not for a slow one.
   * @throws UserError if one cannot be read and the plan is strict
   */
  begun(): Promise<void>;
  /**
   * Reads all sources once more between two phases, so that what a warm-up did is not counted as done by the phase
   * after it. Waits for it, a second at most.
   */
  readNow(): Promise<void>;
  /** Latest values of servers and GPUs; undefined before the first, and unless the plan asks for them. */
  readonly latest: LiveTelemetry | undefined;
  /** Ends the reading: the load has ended. @param isHurried in as little time as possible. */
  stop(isHurried: boolean): void;
}

/** The main thread's handle of the telemetry thread. */
export interface Telemetry<Request, Results> extends TelemetryReading {
  /** The results, when all was read; undefined if there was nothing to read, or the thread failed. */
  finish(request: Request): Promise<Results | undefined>;
  terminate(): Promise<void>;
}

/** A thread that is slow, because the machine is busy, delays the first request of a phase by this much at most. */
const MAX_START_MS = 1000;
/** A slow page delays the first request of a run by this much at most. */
const MAX_PAGE_MS = 100;
/** A tool that was asked for takes up to two seconds until it reads GPUs. */
const MAX_TOOL_MS = 3000;

/** Starts the telemetry thread, which reads at once. @param entry module that calls `runTelemetryThread` with its worker data. */
export function startTelemetry<Request, Results>(
  entry: URL,
  plan: TelemetryPlan,
  log: Log,
): Telemetry<Request, Results> {
  const worker = new Worker(entry, { workerData: plan });
  let isTerminated = false;
  let read = () => {};
  let begin = (_: readonly UnreadSource[]) => {};
  let finish = (_: Results | undefined) => {};
  const reading = new Promise<void>((resolve) => {
    read = resolve;
  });
  let noteRead = () => {};
  let latest: LiveTelemetry | undefined;
  const unread = new Promise<readonly UnreadSource[]>((resolve) => {
    begin = resolve;
  });
  const results = new Promise<Results | undefined>((resolve) => {
    finish = resolve;
  });
  worker.on('message', (event: TelemetryEvent<Results>) => {
    if (event.kind === 'log') log(event.level, 'telemetry', event.message);
    else if (event.kind === 'reading') read();
    else if (event.kind === 'begun') begin(event.unread);
    else if (event.kind === 'read') noteRead();
    else if (event.kind === 'latest') latest = event.latest;
    else if (event.kind === 'results') finish(event.results);
    else {
      finish(undefined);
      void terminate();
    }
  });
  const died = deathOf(worker, 'The telemetry thread', () => isTerminated).catch((death: Error) => {
    log('ERROR', 'telemetry', `${death.message}. The run goes on without server metrics and GPU telemetry.`);
  });
  const terminate = async () => {
    isTerminated = true;
    await worker.terminate();
  };
  const post = (command: TelemetryCommand<Request>) => worker.postMessage(command);
  const inTime = async (done: Promise<unknown>, limitMs: number) => {
    const waiting = new AbortController();
    await Promise.race([done, died, sleep(limitMs, waiting.signal)]);
    waiting.abort();
  };
  return {
    begun: async () => {
      if (plan.isStrict) {
        const [first] = (await Promise.race([unread, died])) ?? [];
        if (first === undefined) return;
        throw new UserError(
          `${first.url} cannot be read: ${first.message}`,
          'Start it, name another page, or leave out --strict-telemetry.',
        );
      }
      await inTime(reading, MAX_START_MS);
      await inTime(unread, (plan.gpu?.tools.length ?? 0) > 0 ? MAX_TOOL_MS : MAX_PAGE_MS);
    },
    readNow: async () => {
      if (isTerminated) return;
      const done = new Promise<void>((resolve) => {
        noteRead = resolve;
      });
      post({ kind: 'read' });
      await inTime(Promise.race([done, results]), MAX_START_MS);
    },
    get latest() {
      return latest;
    },
    stop: (isHurried) => post({ kind: 'stop', isHurried }),
    finish: async (request) => {
      post({ kind: 'stop', isHurried: false });
      post({ kind: 'finish', request });
      return (await Promise.race([results, died])) ?? undefined;
    },
    terminate,
  };
}
