import type { Transport } from '../transport/transport.js';
import type { ThreadShare } from './issuing.js';
import type { Outbox } from './outbox.js';
import type { PhaseOptions } from './phase.js';

/** What a phase is played on: where its conversations come from, and where its requests and records go. */
export interface Stage extends Pick<PhaseOptions, 'conversations' | 'sample' | 'targets'> {
  readonly transport: Transport;
  readonly outbox: Outbox;
  readonly share: Pick<ThreadShare, 'thread' | 'threads'>;
}
