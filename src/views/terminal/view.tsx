import type { Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { type Key as InkKey, type Instance, render, useInput } from 'ink';
import { messageOf } from '../../util/errors.js';
import { isForeground, stop } from '../../util/job-control.js';
import { every } from '../../util/timeout.js';
import type { ViewMessage } from '../messages.js';
import type { DashboardPlan } from '../plan.js';
import { leaveScreen } from '../restore-terminal.js';
import type { View, ViewContext } from '../view.js';
import { Dashboard } from './dashboard.js';
import { Frames } from './frames.js';
import { type Display, firstDisplay, type Key, onKey } from './keys.js';
import { scrollLimit } from './layout.js';
import { nothingWatched, type Watched, watchedAfter } from './state.js';

/** Time between two draws without a key, ms. */
const DRAW_MS = 250;

/** Takes the alternate screen, without a cursor: what was on the screen before comes back when it is left. */
const enterScreen = '\u001b[?1049h\u001b[?25l\u001b[2J';
const clearScreen = '\u001b[2J';

/** Opens the dashboard. @throws Error if stdout is no terminal. */
export function openDashboard(plan: DashboardPlan, context: ViewContext): View {
  const { stdout } = context.io;
  if (!isWriteStream(stdout)) throw new Error('The dashboard needs a terminal.');
  return new DashboardView(plan, context, stdout);
}

function isWriteStream(stream: object): stream is WriteStream {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** A dashboard that has the terminal while it is in the foreground, until the run has ended or it is closed. */
class DashboardView implements View {
  readonly #plan: DashboardPlan;
  readonly #context: ViewContext;
  readonly #stdout: WriteStream;
  readonly #stdin: ReadStream;
  readonly #frames: Frames;
  readonly #undo: (() => void)[];
  #watched: Watched = nothingWatched;
  /** What a frozen display shows. */
  #frozen: Watched | undefined;
  #display: Display = firstDisplay;
  /** Undefined while the terminal is not ours. */
  #ink: Instance | undefined;
  #isChanged = false;
  #hasLeft = false;

  constructor(plan: DashboardPlan, context: ViewContext, stdout: WriteStream) {
    this.#plan = plan;
    this.#context = context;
    this.#stdout = stdout;
    this.#frames = new Frames(stdout);
    // Ink asks it whether it is a terminal.
    this.#stdin = context.io.stdin() as ReadStream;
    const onResize = () => this.#resize();
    stdout.on('resize', onResize);
    this.#undo = [
      () => stdout.off('resize', onResize),
      context.io.onSignals(['SIGTSTP'], () => this.#suspend('process')),
      every(DRAW_MS, () => this.#tick()),
    ];
    this.#tick();
  }

  onMessage(message: ViewMessage): void {
    this.#watched = watchedAfter(this.#watched, message);
    this.#isChanged = true;
    if (message.kind === 'leave') this.#leave();
  }

  async close(hurry: AbortSignal): Promise<void> {
    const { folder } = this.#watched.run ?? {};
    const isAbandoned = hurry.aborted && !this.#hasLeft && folder !== undefined;
    this.#leave();
    if (!isAbandoned) return;
    this.#context.io.stderr.write(
      `aiperf has died. To complete the files of the run from what it had measured:\n  aiperf report ${folder}\n`,
    );
  }

  /** Gives the terminal back for good. */
  #leave(): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#hide();
    this.#hasLeft = true;
  }

  #tick(): void {
    // A background job that changes the mode of the terminal is stopped by the system.
    if (this.#ink === undefined && isForeground()) this.#show();
    else if (this.#isChanged && this.#frozen === undefined) this.#draw();
  }

  #show(): void {
    this.#stdout.write(enterScreen);
    this.#frames.forget();
    this.#ink = render(this.#screen, {
      // Ink draws only what it needs of a stream: size and frames. With `debug` it hands over each frame as a whole.
      ...{ stdout: this.#frames as Writable as WriteStream, stdin: this.#stdin, debug: true },
      ...{ exitOnCtrlC: false, patchConsole: false },
    });
    // It ends by itself only where a component has thrown.
    this.#ink.waitUntilExit().catch((thrown) => this.#fail(thrown));
  }

  #fail(thrown: unknown): void {
    this.#leave();
    const message = `The dashboard failed (${messageOf(thrown)}). The run goes on.`;
    this.#context.reply({ kind: 'warning', view: 'dashboard', message });
    this.#context.reply({ kind: 'left' });
  }

  #draw(): void {
    this.#isChanged = false;
    this.#ink?.rerender(this.#screen);
  }

  #hide(): void {
    if (this.#ink === undefined) return;
    this.#ink.unmount();
    this.#ink = undefined;
    this.#stdout.write(leaveScreen);
  }

  /** Terminals move what is on the screen each in their own way: everything is drawn anew. */
  #resize(): void {
    if (this.#ink === undefined) return;
    this.#stdout.write(clearScreen);
    this.#frames.forget();
    this.#draw();
  }

  /** The terminal is given back first: the shell writes to it as soon as the job has stopped. */
  #suspend(what: 'process' | 'job'): void {
    this.#hide();
    stop(what);
    // Continued: the next tick takes the terminal again if the job is in the foreground.
  }

  #onKeys(keys: readonly Key[]): void {
    for (const key of keys) {
      const limit = scrollLimit(this.#shown, this.#display, this.#size);
      const { display, action } = onKey(this.#display, key, limit);
      this.#display = display;
      if (action === 'stop') this.#context.reply({ kind: 'stop' });
      if (action === 'suspend') this.#suspend('job');
    }
    if (this.#display.isFrozen) this.#frozen ??= this.#watched;
    else this.#frozen = undefined;
    this.#draw();
  }

  get #shown(): Watched {
    return this.#frozen ?? this.#watched;
  }

  get #size() {
    const { columns, rows } = this.#stdout;
    return { columns, rows };
  }

  get #screen() {
    return (
      <>
        <Keys isActive={this.#stdin.isTTY} onKeys={(keys) => this.#onKeys(keys)} />
        <Dashboard
          watched={this.#shown}
          display={this.#display}
          size={this.#size}
          isColored={this.#plan.isColored}
        />
      </>
    );
  }
}

interface KeysProps {
  readonly isActive: boolean;
  readonly onKeys: (keys: readonly Key[]) => void;
}

/** Reads the keyboard. */
function Keys({ isActive, onKeys }: KeysProps) {
  useInput((input, key) => onKeys(keysOf(input, key)), { isActive });
  return null;
}

/** Keys in the order in which they were typed: several come at once over a slow line. */
function keysOf(input: string, key: InkKey): readonly Key[] {
  if (key.ctrl) return [`ctrl+${input}`];
  if (key.escape) return ['escape'];
  if (key.upArrow) return ['up'];
  if (key.downArrow) return ['down'];
  if (key.pageUp) return ['page up'];
  if (key.pageDown) return ['page down'];
  return [...input];
}
