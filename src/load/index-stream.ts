import { statSync } from 'node:fs';
import type { TurnCheck } from '../dataset/dataset-options.js';
import { checkRow } from '../dataset/loaders/check-row.js';
import { formatOf } from '../dataset/loaders/formats.js';
import { readRowText, rowError } from '../dataset/loaders/read-row.js';
import { rowContext } from '../dataset/loaders/row-conversations.js';
import { rowsOf } from '../dataset/loaders/table-rows.js';
import { RingWriter } from '../dataset/stream/conversation-ring.js';
import { type GroupedConversation, SessionGroups } from '../dataset/stream/session-groups.js';
import type { StreamPlan } from '../dataset/stream/stream-plan.js';
import type { ScheduleWindow } from '../schedule/fixed-schedule.js';
import { TimeOrder } from '../schedule/time-order.js';
import { UserError } from '../util/errors.js';

export interface IndexOptions {
  readonly checkTurn: TurnCheck;
  /** Prompts of given lengths can be made: there is a tokenizer. */
  readonly canGenerate: boolean;
  /** Load threads that read the ring. */
  readonly threads: number;
  /** Conversations that sessions of an earlier run have taken. */
  readonly firstSession: number;
  /** Conversations are put into the order of their times; undefined: into that of the file. */
  readonly schedule: ScheduleWindow | undefined;
  /** The file is read again when all of its conversations were taken. */
  readonly repeats: boolean;
  /** Called once, when there is enough to begin with. */
  readonly onReady: () => void;
  /** Waits for a moment while the ring is full. */
  readonly pause: () => Promise<void>;
}

// Enough to begin with.
const READY_BYTES = 8 * 2 ** 20;
const READY_CONVERSATIONS = 10_000;

/**
 * Reads a file ahead of the load: checks its rows, groups them into conversations and puts these into the ring, which
 * holds it up when it is full. Ends after the last row unless the file repeats.
 * @throws UserError for what cannot be read or sent, naming file and line.
 */
export async function indexStream(plan: StreamPlan, options: IndexOptions): Promise<void> {
  const format = formatOf(plan.readAs);
  const context = rowContext(plan);
  const requirements = { ...plan, checkTurn: options.checkTurn };
  const ring = new RingWriter(plan.ring, options.threads, options.firstSession);
  let position = 0;
  let bytes = 0;
  let isReady = false;
  const ready = () => {
    if (!isReady) options.onReady();
    isReady = true;
  };
  const publish = async (conversation: GroupedConversation) => {
    if (position++ < options.firstSession) return;
    while (!ring.add(conversation, conversation.byteLength)) {
      ready();
      await options.pause();
    }
    bytes += conversation.byteLength;
    if (bytes > READY_BYTES || position - options.firstSession > READY_CONVERSATIONS) ready();
  };

  for (;;) {
    const groups = new SessionGroups(plan.path, plan, format.sessionKey);
    const order = options.schedule && new TimeOrder(plan.path, options.schedule);
    const before = position;
    for await (const { line, text } of rowsOf(plan.path, format)) {
      const place = { path: plan.path, lines: [line] };
      const row = readRowText(place, 0, text, format, context);
      if (row.turns.length === 0) continue;
      checkRow(place, 0, row, requirements, undefined, context.warn);
      if (!options.canGenerate && row.turns.some(({ generated }) => generated !== undefined))
        throw rowError(place, 0, 'the prompt is to be generated, and no earlier one was', needsCounting);
      groups.add(row, text, line);
      for (let over = groups.take(); over !== undefined; over = groups.take()) {
        if (order === undefined) await publish(over);
        else {
          order.add(over);
          for (let next = order.take(); next !== undefined; next = order.take()) await publish(next);
        }
      }
    }
    requireUnchanged(plan);
    for (let over = groups.takeRest(); over !== undefined; over = groups.takeRest()) {
      if (order === undefined) await publish(over);
      else order.add(over);
    }
    for (let next = order?.takeRest(); next !== undefined; next = order?.takeRest()) await publish(next);
    if (position === before) throw nothingToSend(plan.path);
    if (before === 0) ring.setSize(position);
    ready();
    if (!options.repeats) return;
  }
}

const needsCounting =
  'generated prompts need a tokenizer: leave out --use-server-token-count, or put such a row first';

/** @throws UserError if the file has lost bytes since the start: its end was not checked. */
function requireUnchanged({ path, fileBytes }: StreamPlan): void {
  const { size } = statSync(path);
  if (size >= fileBytes) return;
  throw new UserError(
    `${path} was shortened while it was read, from ${fileBytes} to ${size} bytes`,
    'send a file that does not change',
  );
}

function nothingToSend(path: string): UserError {
  return new UserError(
    `no turn of ${path} has a timestamp within the schedule`,
    'choose --fixed-schedule-start-offset and --fixed-schedule-end-offset so that some are between them',
  );
}
