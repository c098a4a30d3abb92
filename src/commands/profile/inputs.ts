import { agentsOf, type Conversation } from '../../dataset/conversation.js';
import { openPlanned } from '../../dataset/plan.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { openEndpoint } from '../../endpoint/endpoints.js';
import { bodyOf } from '../../endpoint/payload.js';
import type { InputSession } from '../../export/inputs-json.js';
import type { LoadPlan } from '../../load/plan.js';

/** Every session of the dataset with its bodies, made one by one; each turn is alone, without history. */
export function* inputSessions(plan: LoadPlan): Iterable<InputSession> {
  const dataset = openPlanned(plan.dataset, plan.prompts);
  const endpoint = openEndpoint(plan.endpoint, plan.body);
  for (let index = 0; index < dataset.size; index++) {
    const names = new Set<string>();
    for (const conversation of agentsOf(dataset.conversation(index))) {
      // A graph may start an agent several times.
      if (names.has(conversation.sessionId)) continue;
      names.add(conversation.sessionId);
      yield inputSession(conversation, endpoint, plan);
    }
  }
}

function inputSession(conversation: Conversation, endpoint: Endpoint, plan: LoadPlan): InputSession {
  return {
    session_id: conversation.sessionId,
    payloads: conversation.turns.map((turn) => bodyOf(endpoint, { conversation, turn, past: [] }, plan.body)),
  };
}
