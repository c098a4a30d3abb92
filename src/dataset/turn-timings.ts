import type { Conversation } from './conversation.js';
import { rowPlace } from './loaders/row-file.js';
import { type DatasetPlan, openDataset } from './plan.js';
import type { PromptSource } from './prompts.js';

/** Recorded timing of a turn; both may be absent. `Turn` satisfies it. */
export interface TurnTiming {
  /** Recorded send time, ms. */
  readonly timestampMs?: number;
  /** Delay between the response of the previous turn and this request, ms. */
  readonly delayMs?: number;
}

/** Timings of the turns of all conversations. */
export interface TurnTimings {
  /** Number of conversations. */
  readonly size: number;
  /** @param conversation 0 ≤ conversation < size. */
  turns(conversation: number): readonly TurnTiming[];
  /** The conversation's name for messages: its session, and its place in the file if any. */
  nameOf(conversation: number): string;
}

const noText: PromptSource = { prompt: () => '', blocks: () => '' };

/** The timings of a dataset's turns, without generating prompts; rows are parsed on demand and not kept. */
export function turnTimings(plan: DatasetPlan): TurnTimings {
  const dataset = openDataset(plan, noText);
  return {
    size: dataset.size,
    turns: (conversation) => timingsOf(dataset.conversation(conversation)),
    nameOf(conversation) {
      const session = `session ${dataset.conversation(conversation).sessionId}`;
      if (plan.kind !== 'rows' && plan.kind !== 'graphs') return session;
      const firstRow = plan.rowOrder[plan.rowsBefore[conversation] ?? 0] ?? 0;
      return `${session} (${rowPlace(plan.file, firstRow)})`;
    },
  };
}

/** A conversation graph is replayed as a whole: only the time of its first turn places it. */
function timingsOf({ turns, agents }: Conversation): readonly TurnTiming[] {
  if (agents === undefined) return turns;
  const [first, ...later] = [...turns, ...agents.flatMap((agent) => agent.turns)];
  return [first ?? {}, ...later.map(() => ({}))];
}
