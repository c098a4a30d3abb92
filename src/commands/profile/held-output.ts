import type { Writable } from 'node:stream';
import type { Io } from '../../util/io.js';

/** Output that waits while the terminal shows something else. */
export interface HeldOutput extends Pick<Io, 'stdout' | 'stderr'> {
  /** Writes what was held, in its order; later output is written at once. */
  release(): void;
}

/** Holds what is written to stdout and stderr until it is released. */
export function holdOutput({ stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>): HeldOutput {
  let held: (() => void)[] | undefined = [];
  const holding = <Stream extends Writable>(stream: Stream): Stream => {
    const write = (chunk: unknown, ...rest: never[]) => {
      if (held === undefined) return stream.write(chunk, ...rest);
      held.push(() => stream.write(chunk, ...rest));
      return true;
    };
    return Object.create(stream, { write: { value: write } });
  };
  return {
    stdout: holding(stdout),
    stderr: holding(stderr),
    release: () => {
      const all = held ?? [];
      held = undefined;
      for (const write of all) write();
    },
  };
}
