import type { MessagePort } from 'node:worker_threads';
import { openMarks } from '../dataset/cache-bust.js';
import { agentsOf, type Conversation, type Dataset, type Turn } from '../dataset/conversation.js';
import { openEndpoint } from '../endpoint/endpoints.js';
import { knownInputTokens, makePayload } from '../endpoint/payload.js';
import { type PostedPayload, postPayload } from '../endpoint/posted-payload.js';
import type { LoadPlan } from './plan.js';
import type { PreparedSession, WantedSession } from './sessions-ahead.js';

// The objects around a payload.
const BYTES_OF_A_SESSION = 2000;
// Enough for V8 to compile the code before the first session is wanted.
const PREWARMED = 8;

/** Makes the first requests of the sessions that load threads want, in the order of their messages. */
export function prepareSessions(
  plan: Pick<LoadPlan, 'endpoint' | 'body' | 'countsTokens' | 'cacheBust'>,
  dataset: Dataset,
  ports: readonly MessagePort[],
): void {
  const endpoint = openEndpoint(plan.endpoint, plan.body);
  const mark = plan.cacheBust?.kind === 'session' ? openMarks(plan.cacheBust) : undefined;
  for (let index = 0; index < Math.min(PREWARMED, dataset.size); index++) {
    make({ number: index, conversation: index, turn: 0 });
  }
  for (const port of ports) {
    port.on('message', (wanted: readonly WantedSession[]) => {
      for (const session of wanted) {
        const prepared = make(session);
        port.postMessage(prepared, prepared.made === undefined ? [] : [prepared.made.payload.data.buffer]);
      }
    });
  }

  function make(wanted: WantedSession): PreparedSession {
    try {
      const unmarked = dataset.conversation(wanted.conversation);
      const conversation = mark === undefined ? unmarked : mark(unmarked, wanted.number, wanted.turn);
      // Media are read when they are needed, by functions that cannot be posted.
      const turns = agentsOf(conversation).flatMap((agent) => agent.turns);
      if (turns.some(({ media }) => media !== undefined)) return unprepared(wanted);
      const payload = firstPayload(conversation, wanted.turn);
      const isPlayedOnce = turns.length === 1;
      const bytes =
        BYTES_OF_A_SESSION +
        payload.data.length +
        (payload.inputText?.length ?? 0) +
        (isPlayedOnce ? 0 : JSON.stringify(conversation).length);
      return {
        ...wanted,
        made: { conversation: isPlayedOnce ? withoutTexts(conversation) : conversation, payload },
        bytes,
      };
    } catch {
      return unprepared(wanted);
    }
  }

  function firstPayload(conversation: Conversation, number: number): PostedPayload {
    const turn = conversation.turns[number];
    if (turn === undefined) throw new Error(`${conversation.sessionId} has no turn ${number}`);
    const request = { conversation, turn, past: [] };
    const isLengthKnown = knownInputTokens(endpoint, request, plan.body) !== undefined;
    return postPayload(makePayload(endpoint, request, plan.body), plan.countsTokens && !isLengthKnown);
  }
}

function unprepared(wanted: WantedSession): PreparedSession {
  return { ...wanted, made: undefined, bytes: BYTES_OF_A_SESSION };
}

/** What is left to know of a conversation whose only payload is made. */
function withoutTexts(conversation: Conversation): Conversation {
  return { ...conversation, turns: conversation.turns.map(factsOf) };
}

function factsOf({ tokenIds, messages, tools, payload, ...facts }: Turn): Turn {
  return { ...facts, texts: [] };
}
