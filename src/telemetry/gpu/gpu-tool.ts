import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '../../util/errors.js';
import { excerpt } from '../../util/excerpt.js';
import { oneLine } from '../../util/plain-text.js';
import { Timeout } from '../../util/timeout.js';
import type { GpuReading } from './gpu-reading.js';

/** A reading, and when it was taken, where the tool says so. */
export interface ToolReading {
  readonly reading: GpuReading;
  /** Wall clock, ms since 1970. */
  readonly epochMs: number | undefined;
}

/** A program of a GPU's driver that prints readings. */
export interface GpuTool {
  /** Of the program. */
  readonly name: string;
  /** What files name as the source: AIPerf's name for the library behind the tool. */
  readonly source: string;
  /** Arguments of a process that prints readings until it is stopped. */
  readonly args: (intervalMs: number) => readonly string[];
  /** Arguments of one that prints them once, for versions that print nothing otherwise. */
  readonly once?: readonly string[];
  /** Arguments of processes that describe the GPUs; their output goes to `described`. */
  readonly describe?: readonly (readonly string[])[];
  readonly described?: (output: string) => void;
  /** Takes more of the output. */
  readonly read: (text: string) => readonly ToolReading[];
  /** A tool that asks for less, where the output says that this version does not know something. */
  readonly without?: (output: string) => GpuTool | undefined;
}

interface ToolOptions {
  readonly intervalMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onReadings: (readings: readonly ToolReading[]) => void;
  /** Called once at most; `fault` continues a sentence that begins with the tool's name. */
  readonly onEnd: (fault: string) => void;
  /** How long the tool may print nothing, ms; absent: 5 s, or 20 intervals if that is more. */
  readonly silenceMs?: number;
}

/** Output that is kept to say why a tool ended. */
const KEPT_OUTPUT = 4000;

/** Runs a tool until it is stopped. It ends with this thread, however that ends. */
export class ToolRun {
  readonly #options: ToolOptions;
  readonly #silenceMs: number;
  #tool: GpuTool;
  #process: ChildProcess | undefined;
  #silence: Timeout | undefined;
  #pause: Timeout | undefined;
  #isOver = false;
  #hasRead = false;
  /** Each reading is a process of its own. */
  #oneByOne = false;

  constructor(tool: GpuTool, options: ToolOptions) {
    this.#tool = tool;
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? Math.max(5000, 20 * options.intervalMs);
    this.#describe([...(tool.describe ?? [])]);
  }

  /** Whether the tool has given any reading. */
  get hasRead(): boolean {
    return this.#hasRead;
  }

  /** Ends the tool at once. */
  stop(): void {
    this.#isOver = true;
    this.#silence?.clear();
    this.#pause?.clear();
    kill(this.#process);
  }

  #describe(waiting: (readonly string[])[]): void {
    const args = waiting.shift();
    if (args === undefined) {
      this.#loop();
      return;
    }
    let output = '';
    this.#start(
      args,
      (text) => {
        output += text;
      },
      () => {
        this.#tool.described?.(output);
        this.#describe(waiting);
      },
    );
  }

  #loop(): void {
    const { intervalMs } = this.#options;
    const args = this.#oneByOne ? (this.#tool.once ?? []) : this.#tool.args(intervalMs);
    this.#start(
      args,
      (text) => this.#take(text),
      (output, code) => {
        const lesser = this.#hasRead ? undefined : this.#tool.without?.(output);
        if (lesser !== undefined) {
          this.#tool = lesser;
          this.#loop();
        } else if (this.#oneByOne && code === 0 && this.#hasRead) {
          // Starting such a tool takes half a second of a core.
          this.#pause = new Timeout(() => this.#loop(), Math.max(2000, intervalMs));
        } else {
          this.#end(faultOf(output, code, this.#hasRead));
        }
      },
    );
  }

  #take(text: string): void {
    const readings = this.#tool.read(text);
    if (readings.length === 0) return;
    this.#hasRead = true;
    this.#options.onReadings(readings);
  }

  #start(
    args: readonly string[],
    onText: (text: string) => void,
    onExit: (output: string, code: number | null) => void,
  ): void {
    if (this.#isOver) return;
    const started = guarded(this.#tool.name, args, this.#options.env);
    this.#process = started;
    let kept = '';
    const take = (text: string) => {
      this.#watch();
      kept = (kept + text).slice(-KEPT_OUTPUT);
    };
    started.stdout?.setEncoding('utf8').on('data', (text: string) => {
      take(text);
      if (!this.#isOver) onText(text);
    });
    started.stderr?.setEncoding('utf8').on('data', take);
    started.once('error', (thrown) => this.#end(`could not be started: ${messageOf(thrown)}`));
    started.once('close', (code) => {
      this.#silence?.clear();
      if (started === this.#process && !this.#isOver) onExit(kept, code);
    });
    this.#watch();
  }

  /** Waits for output from now on. */
  #watch(): void {
    this.#silence?.clear();
    this.#silence = new Timeout(() => {
      const { once } = this.#tool;
      if (once === undefined || this.#oneByOne || this.#hasRead) {
        this.#end(`has printed nothing for ${this.#silenceMs / 1000} s`);
        return;
      }
      this.#oneByOne = true;
      const silent = this.#process;
      this.#process = undefined;
      kill(silent);
      this.#loop();
    }, this.#silenceMs);
  }

  #end(fault: string): void {
    if (this.#isOver) return;
    this.stop();
    this.#options.onEnd(fault);
  }
}

/**
 * Starts a program in a process group of its own, so that an interrupt of the run does not reach it. A shell waits for
 * the end of its input as well, which comes when this process or thread ends in any way, and kills the program then.
 */
function guarded(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ChildProcess {
  // Programs in Python keep output to a pipe back.
  const options = { env: { ...env, PYTHONUNBUFFERED: '1' }, stdio: ['pipe', 'pipe', 'pipe'] as 'pipe'[] };
  const started =
    process.platform === 'win32'
      ? spawn(name, args, { ...options, windowsHide: true })
      : spawn('/bin/sh', ['-c', guard, 'sh', name, ...args], { ...options, detached: true });
  started.stdin?.on('error', () => {});
  return started;
}

const guard = `
exec 3<&0
"$@" 3<&- </dev/null &
tool=$!
{ read -r _; kill -9 "$tool"; } <&3 >/dev/null 2>&1 &
watch=$!
exec 3<&- </dev/null
wait "$tool"
code=$?
kill -9 "$watch" 2>/dev/null
exit "$code"`;

function kill(started: ChildProcess | undefined): void {
  if (started?.pid === undefined) return;
  started.stdin?.destroy();
  try {
    if (process.platform === 'win32') started.kill();
    else process.kill(-started.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function faultOf(output: string, code: number | null, hasRead: boolean): string {
  if (code === 127) return 'was not found: it comes with the driver of the GPU and must be on PATH';
  const ended = `ended ${hasRead ? 'during the run ' : ''}with exit code ${code ?? 'unknown'}`;
  const said = oneLine(output.trim());
  return hasRead || said === '' ? ended : `${ended}: ${excerpt(said)}`;
}
