import { messageOf, UserError } from '../util/errors.js';
import { processIo } from '../util/io.js';
import { haveV8YieldToLoadThreads, yieldToLoadThreads } from '../util/priority.js';
import type { OpenViews, ViewMessage, ViewReply } from './messages.js';
import { type OpenedViews, openViews } from './open-views.js';

// The main process ends this one: a Ctrl-C reaches every process of the terminal, and the last figures are still to come.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const hurry = new AbortController();
let views: OpenedViews | undefined;
let isClosing = false;
const early: ViewMessage[] = [];

process.on('message', (message: OpenViews | ViewMessage) => {
  if (message.kind === 'open') void open(message);
  else take(message);
});
// The main process has died.
process.on('disconnect', () => end({ isHurried: true, lingers: false }));

function reply(message: ViewReply): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

async function open({ plan }: OpenViews): Promise<void> {
  try {
    views = await openViews(plan, { io: processIo, reply });
  } catch (thrown) {
    const hint = thrown instanceof UserError ? thrown.hint : undefined;
    reply({ kind: 'refused', message: messageOf(thrown), hint });
    return;
  }
  // Not before: the first request waits for the views.
  haveV8YieldToLoadThreads();
  yieldToLoadThreads();
  reply({ kind: 'ready', addresses: views.addresses });
  for (const message of early.splice(0)) take(message);
}

function take(message: ViewMessage): void {
  if (message.kind === 'snapshot') reply({ kind: 'received' });
  if (message.kind === 'end') end(message);
  else if (views === undefined) early.push(message);
  else views.onMessage(message);
  if (message.kind === 'leave') reply({ kind: 'left' });
}

function end({
  isHurried,
  lingers,
}: Pick<Extract<ViewMessage, { kind: 'end' }>, 'isHurried' | 'lingers'>): void {
  if (isHurried) hurry.abort();
  if (isClosing) return;
  isClosing = true;
  void (views?.close(hurry.signal, lingers) ?? Promise.resolve()).finally(() => process.exit(0));
}
