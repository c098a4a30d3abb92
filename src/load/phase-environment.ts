import type { Transport } from '../transport/transport.js';
import type { ThreadShare } from './issuing.js';
import type { PhaseOptions } from './phase-runner.js';
import type { RecordBatcher } from './record-batcher.js';

/** What a phase is played on: where its conversations come from, and where its requests and records go. */
export interface PhaseEnvironment extends Pick<PhaseOptions, 'conversations' | 'sample' | 'targets'> {
  readonly transport: Transport;
  readonly batcher: RecordBatcher;
  readonly share: Pick<ThreadShare, 'source' | 'sources' | 'thread' | 'threads'>;
}
