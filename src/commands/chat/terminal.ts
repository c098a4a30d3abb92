import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { messageOf, UserError } from '../../util/errors.js';
import { plainText } from '../../util/plain-text.js';
import { type Listener, ReplyStopped } from './conversation.js';

const DIM = '\u001b[2m';
const NOT_DIM = '\u001b[22m';

/** Sends a message and shows the reply. @throws UserError if it fails, ReplyStopped if `signal` stops it */
export type Reply = (message: string, signal?: AbortSignal) => Promise<void>;

/** Whether a person is at all of these streams. */
export function isTerminal(...streams: readonly (Readable | Writable)[]): boolean {
  return streams.every((stream) => 'isTTY' in stream && stream.isTTY === true);
}

/**
 * Writes a reply while it arrives, without what would control the terminal. Reasoning is shown to a person only, dimmed.
 * @returns a listener, and `end`, which closes the last line.
 */
export function openWriter(output: Writable, showsReasoning: boolean): { listener: Listener; end(): void } {
  let wrote: 'nothing' | 'reasoning' | 'text' = 'nothing';
  return {
    listener: {
      onReasoning(piece) {
        if (!showsReasoning) return;
        output.write(`${DIM}${plainText(piece)}${NOT_DIM}`);
        wrote = 'reasoning';
      },
      onText(piece) {
        output.write(`${wrote === 'reasoning' ? '\n\n' : ''}${plainText(piece)}`);
        wrote = 'text';
      },
    },
    end() {
      if (wrote !== 'nothing') output.write('\n');
    },
  };
}

/** Replies to each line of a file or pipe until `/exit`. @returns whether all replies succeeded. */
export async function replyToLines(input: Readable, errors: Writable, reply: Reply): Promise<boolean> {
  const lines = createInterface({ input });
  let succeeded = true;
  for await (const line of lines) {
    const message = line.trim();
    if (message === '/exit') break;
    if (message === '') continue;
    try {
      await reply(message);
    } catch (thrown) {
      showFailure(thrown, errors);
      succeeded = false;
    }
  }
  lines.close();
  return succeeded;
}

/** Replies to each line that a person types, until `/exit`, Ctrl-D or Ctrl-C at the prompt. Ctrl-C stops a reply. */
export async function replyToPerson(
  input: Readable,
  output: Writable,
  errors: Writable,
  reply: Reply,
): Promise<void> {
  const lines = createInterface({ input, output, prompt: '> ' });
  let stop: AbortController | undefined;
  lines.on('SIGINT', () => {
    if (stop === undefined) lines.close();
    else stop.abort();
  });
  output.write('Type a message. Ctrl-C stops a reply; /exit or Ctrl-D ends.\n');
  lines.prompt();
  for await (const line of lines) {
    const message = line.trim();
    if (message === '/exit') break;
    if (message !== '') {
      stop = new AbortController();
      try {
        await reply(message, stop.signal);
      } catch (thrown) {
        if (thrown instanceof ReplyStopped) output.write('Stopped.\n\n');
        else showFailure(thrown, errors);
      }
      stop = undefined;
    }
    lines.prompt();
  }
  lines.close();
}

function showFailure(thrown: unknown, errors: Writable): void {
  if (!(thrown instanceof UserError)) throw thrown;
  errors.write(`${[messageOf(thrown), ...(thrown.hint === undefined ? [] : [thrown.hint])].join('\n')}\n`);
}
