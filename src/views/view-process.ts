import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Sink } from '../collect/sink.js';
import { messageOf, UserError } from '../util/errors.js';
import type { Io } from '../util/io.js';
import { packageFile } from '../util/package-file.js';
import { sleep } from '../util/timeout.js';
import { Mailbox } from './mailbox.js';
import type { OpenViews, ViewAddress, ViewMessage, ViewReply } from './messages.js';
import type { ViewPlan } from './plan.js';
import { restoreTerminal } from './restore-terminal.js';

/** A slow start of the views delays the first request by this much at most. */
const MAX_START_MS = 10_000;
/** Views that do not give the terminal back within this time are ended. */
const MAX_LEAVE_MS = 1000;
/** Time for the last exports after the run, for the upload of its files, where nothing responds, and after an interrupt. */
const MAX_CLOSE_MS = 12_000;
const MAX_UPLOAD_MS = 32_000;
const MAX_STALLED_CLOSE_MS = 1000;
const MAX_HURRIED_CLOSE_MS = 100;

interface ViewProcessOptions extends Pick<Io, 'env' | 'nowMs' | 'onExit'> {
  readonly warn: (message: string) => void;
  /** A person asked to stop the run. */
  readonly onStop: () => void;
  /** The dashboard has left the terminal, or has died: others may write to it. */
  readonly onTerminalFree: () => void;
}

/**
 * The process that shows a run to people and other programs. The run does not depend on it: if it dies or stalls, there
 * is one warning, and messages are left out.
 */
export class ViewProcess {
  readonly #plan: ViewPlan;
  readonly #options: ViewProcessOptions;
  readonly #child: ChildProcess;
  readonly #mailbox: Mailbox;
  readonly #exited: Promise<void>;
  readonly #opened: Promise<readonly ViewAddress[]>;
  readonly #ignoreExit: () => void;
  #awaited: Promise<readonly ViewAddress[]> | undefined;
  #ready = (_: readonly ViewAddress[]) => {};
  #refuse = (_: UserError) => {};
  #left = () => {};
  #state: 'running' | 'closing' | 'over' = 'running';
  #holdsTerminal: boolean;

  /** Starts it. @throws if the system cannot. */
  constructor(plan: ViewPlan, options: ViewProcessOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#holdsTerminal = plan.dashboard !== undefined;
    this.#child = fork(fileURLToPath(packageFile('dist/views/process.js')), [], {
      serialization: 'advanced',
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
      // React has a slow build for development, and Ink draws nothing in CI.
      env: { ...options.env, NODE_ENV: 'production', CI: 'false', CONTINUOUS_INTEGRATION: 'false' },
    });
    const post = (message: OpenViews | ViewMessage) => this.#child.send(message, () => {});
    this.#mailbox = new Mailbox(post, options.nowMs, () =>
      options.warn('The live views do not respond: they miss what happens until they do. The run goes on.'),
    );
    this.#opened = new Promise((resolve, reject) => {
      this.#ready = resolve;
      this.#refuse = reject;
    });
    this.#opened.catch(() => {});
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(this.#end(messageOf(error))));
      this.#child.once('exit', (code, signal) => resolve(this.#end(signal ?? `exit code ${code}`)));
    });
    this.#child.on('message', (reply: ViewReply) => this.#take(reply));
    this.#ignoreExit = options.onExit(() => this.abandon());
    post({ kind: 'open', plan });
  }

  /** Takes what views show of a run. */
  get sink(): Sink {
    return {
      onSnapshot: (snapshot) => this.send({ kind: 'snapshot', snapshot }),
      onHistograms: (histograms) => this.send({ kind: 'histograms', histograms }),
      onSpans: (batch) => this.send({ kind: 'spans', batch }),
    };
  }

  send(message: ViewMessage): void {
    if (this.#state !== 'over') this.#mailbox.send(message);
  }

  /** Waits until the views are open. @throws UserError if one cannot be opened as the options ask for it. */
  opened(): Promise<readonly ViewAddress[]> {
    this.#awaited ??= this.#awaitOpened();
    return this.#awaited;
  }

  async #awaitOpened(): Promise<readonly ViewAddress[]> {
    const { inTime, result } = await this.#within(MAX_START_MS, this.#opened);
    if (!inTime && this.#state === 'running')
      this.#options.warn(`The live views did not start within ${MAX_START_MS / 1000} s. The run goes on.`);
    return result ?? [];
  }

  /**
   * Waits until the terminal is as it was before the dashboard, and the views have done their last work.
   * @param hurry aborted when there is no time for it. @param lingers whether they may stay open for late viewers.
   */
  async close(hurry: AbortSignal, lingers: boolean): Promise<void> {
    await this.#leaveTerminal(hurry);
    if (this.#state === 'over') return;
    this.#state = 'closing';
    const { isStalled } = this.#mailbox;
    this.send({ kind: 'end', isHurried: hurry.aborted, lingers });
    const longest = isStalled ? MAX_STALLED_CLOSE_MS : this.#longestClose(lingers);
    const waited = await this.#within(longest, this.#exited, hurry);
    if (waited.inTime) return;
    if (hurry.aborted) {
      this.send({ kind: 'end', isHurried: true, lingers: false });
      await this.#within(MAX_HURRIED_CLOSE_MS, this.#exited);
    } else if (!isStalled) this.#options.warn('The live views did not finish their last exports in time.');
    this.abandon();
  }

  async #leaveTerminal(hurry: AbortSignal): Promise<void> {
    if (!this.#holdsTerminal) return;
    const left = new Promise<void>((resolve) => {
      this.#left = resolve;
    });
    this.send({ kind: 'leave' });
    if ((await this.#within(MAX_LEAVE_MS, left, hurry)).inTime) this.#freeTerminal();
    else this.abandon();
  }

  /** Whether its last work is to send what others keep. */
  get isExporting(): boolean {
    return this.#plan.otel !== undefined || this.#plan.mlflow !== undefined;
  }

  #longestClose(lingers: boolean): number {
    const { page, mlflow } = this.#plan;
    const linger = lingers ? (page?.lingerSeconds ?? 0) * 1000 : 0;
    return linger + (mlflow === undefined ? MAX_CLOSE_MS : MAX_UPLOAD_MS);
  }

  /** Ends it at once. */
  abandon(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#ignoreExit();
    this.#child.kill('SIGKILL');
    this.#child.unref();
    this.#child.channel?.unref();
    this.#freeTerminal(restoreTerminal);
  }

  #take(reply: ViewReply): void {
    switch (reply.kind) {
      case 'ready':
        this.#ready(reply.addresses);
        break;
      case 'refused':
        this.#refuse(new UserError(reply.message, reply.hint));
        break;
      case 'received':
        this.#mailbox.received();
        break;
      case 'stop':
        this.#options.onStop();
        break;
      case 'warning':
        this.#options.warn(reply.message);
        break;
      case 'left':
        this.#freeTerminal();
        this.#left();
    }
  }

  #freeTerminal(restore?: () => void): void {
    if (!this.#holdsTerminal) return;
    this.#holdsTerminal = false;
    restore?.();
    this.#options.onTerminalFree();
  }

  #end(why: string): void {
    if (this.#state === 'running')
      this.#options.warn(`The live views ended early (${why}). The run goes on.`);
    const wasRunning = this.#state === 'running';
    this.#state = 'over';
    this.#ignoreExit();
    this.#freeTerminal(wasRunning ? restoreTerminal : undefined);
  }

  /** Waits for a promise, but not beyond the time, the signal or the end of the process. */
  async #within<Result>(
    ms: number,
    promise: Promise<Result>,
    signal?: AbortSignal,
  ): Promise<{ readonly inTime: boolean; readonly result?: Result }> {
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    const done = promise.then((result) => ({ inTime: true, result }));
    const late = sleep(ms, waiting.signal).then(() => ({ inTime: false }));
    const gone = this.#exited.then(() => ({ inTime: true }));
    try {
      return await Promise.race([done, late, gone]);
    } finally {
      signal?.removeEventListener('abort', stop);
      stop();
    }
  }
}
