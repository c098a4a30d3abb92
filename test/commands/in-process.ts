import { Writable } from 'node:stream';
import { main } from '../../src/main.js';
import { processIo } from '../../src/util/io.js';

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs a command line in this process, on a terminal of 120 columns that takes no colours. */
export function aiperf(...argv: string[]) {
  return onColumns(120, argv);
}

/** The same on so wide a terminal that sentences stay whole. */
export function wideAiperf(...argv: string[]) {
  return onColumns(400, argv);
}

/** With tables of so many columns. */
export function aiperfInColumns(columns: number, ...argv: string[]) {
  return onColumns(columns, argv, { AIPERF_UI_CONSOLE_EXPORT_WIDTH: String(columns) });
}

async function onColumns(columns: number, argv: string[], env: Readonly<Record<string, string>> = {}) {
  const stdout = new Sink();
  const stderr = new Sink();
  const code = await main(argv, {
    ...processIo,
    env: { COLUMNS: String(columns), ...env },
    stdout,
    stderr,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** The sentences of the panel `Error`, its lines joined by one space. */
export function sentences(stderr: string): string {
  return [...stderr.matchAll(/^│ (.*?) *│$/gm)].map(([, line]) => line).join(' ');
}
