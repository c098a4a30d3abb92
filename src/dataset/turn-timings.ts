import { type DatasetPlan, openDataset } from './plan.js';
import type { PromptSource } from './prompts.js';

/** When a turn is to be sent, as the dataset says it; both may be absent. A `Turn` is one. */
export interface TurnTiming {
  /** Recorded send time, ms. */
  readonly timestampMs?: number;
  /** Wait between the return of the previous turn and this one, ms. */
  readonly delayMs?: number;
}

/** When the turns of all conversations are to be sent. */
export interface TurnTimings {
  /** Number of conversations. */
  readonly size: number;
  /** @param conversation 0 ≤ conversation < size. */
  turns(conversation: number): readonly TurnTiming[];
  /** How to name the conversation to the user: its session, and its place in the file if there is one. */
  nameOf(conversation: number): string;
}

const noText: PromptSource = { prompt: () => '', blocks: () => '' };

/** The timing of a dataset's turns. No prompt is made; rows of a file are parsed when asked for, and not held. */
export function turnTimings(plan: DatasetPlan): TurnTimings {
  const dataset = openDataset(plan, noText);
  return {
    size: dataset.size,
    turns: (conversation) => dataset.conversation(conversation).turns,
    nameOf(conversation) {
      const session = `session ${dataset.conversation(conversation).sessionId}`;
      if (plan.kind !== 'rows') return session;
      const firstRow = plan.rowOrder[plan.rowsBefore[conversation] ?? 0] ?? 0;
      return `${session} (${plan.file.path}:${plan.file.lines[firstRow]})`;
    },
  };
}
