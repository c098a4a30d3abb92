import type { CacheBust } from '../dataset/cache-bust.js';
import { openMarks } from '../dataset/cache-bust.js';
import type { PhaseName } from '../records/record.js';
import type { ConversationSource } from './conversation-cache.js';
import type { SessionsAhead } from './sessions-ahead.js';

interface SessionSources {
  readonly conversations: ConversationSource;
  readonly ahead?: SessionsAhead | undefined;
}

/** Where the sessions of a phase get their conversations: marked, if the run marks sessions of this phase. */
export function markedSources<S extends SessionSources>(
  cacheBust: CacheBust | undefined,
  phase: PhaseName,
  sources: S,
): S {
  if (cacheBust === undefined || (cacheBust.kind === 'warmup' && phase !== 'warmup')) return sources;
  const mark = openMarks(cacheBust);
  const { conversations, ahead } = sources;
  return {
    ...sources,
    conversations: {
      script: (index, session, firstTurn) => ({
        conversation: mark(conversations.script(index, session, firstTurn).conversation, session, firstTurn),
        payloads: undefined,
      }),
    },
    // The preparation thread does not know the phase of a session.
    ahead: cacheBust.kind === 'warmup' ? undefined : ahead,
  };
}
