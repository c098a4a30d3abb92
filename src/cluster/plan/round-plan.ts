import { allocateRing } from '../../dataset/stream/conversation-ring.js';
import type { LoadPlan } from '../../load/plan.js';
import { sha256 } from '../nats/objects.js';
import { fromBytes, toBytes } from './plan-bytes.js';
import type { PlanFile } from './plan-files.js';

/** Members of a load plan that may hold secrets: they are handed to agents and stored nowhere. */
type HiddenPlan = Pick<LoadPlan, 'headers' | 'signing' | 'targets' | 'body' | 'transportOptions'>;
type ShownPlan = Omit<LoadPlan, keyof HiddenPlan>;

/** What each agent needs of its machine. */
export interface AgentNeeds {
  /** `--load-threads`. */
  readonly loadThreads: number | undefined;
  /** `--workers-max`. */
  readonly workersMax: number | undefined;
  /** Most requests in flight of one shard; the number of connections where nothing limits them. */
  readonly concurrency: number;
  readonly connections: number;
}

/** A round to send, as the coordinator has prepared it. */
export interface RoundPlan {
  readonly load: LoadPlan;
  readonly needs: AgentNeeds;
  /** What the coordinator's successor and files of an agent's records need; no secrets. */
  readonly kept: unknown;
}

/** A round as it is stored. */
interface StoredPlan {
  readonly load: ShownPlan;
  /** Files that load threads read. */
  readonly files: readonly PlanFile[];
  readonly needs: AgentNeeds;
  readonly kept: unknown;
}

/** What is stored of a round, and what is not. */
export interface PlanParts {
  readonly bytes: Uint8Array;
  readonly hash: string;
  readonly hidden: Uint8Array;
}

/** Takes a plan apart. */
export function takeApart({ load, needs, kept }: RoundPlan, files: readonly PlanFile[]): PlanParts {
  const { headers, signing, targets, body, transportOptions, ...shown } = load;
  const { dataset } = shown;
  const stored: StoredPlan = {
    load: {
      ...shown,
      // Memory that each machine has its own of.
      dataset: dataset.kind === 'stream' ? { ...dataset, ring: emptyRing } : dataset,
      // The coordinator sees the failures of all shards.
      phases: shown.phases.map((phase) => ({ ...phase, failureLimit: undefined })),
    },
    ...{ files, needs, kept },
  };
  const bytes = toBytes(stored);
  const hidden: HiddenPlan = { headers, signing, targets, body, transportOptions };
  return { bytes, hash: sha256(bytes), hidden: toBytes(hidden) };
}

const none = new Uint8Array(0);
const emptyRing = {
  cells: new Int32Array(0),
  marks: new Int32Array(0),
  slots: new Float64Array(0),
  bytes: none,
};

/** Puts the parts of a plan together. @throws Error for bytes that are not what another process of this version stored. */
export function putTogether(bytes: Uint8Array, hidden: Uint8Array): RoundPlan & Pick<StoredPlan, 'files'> {
  const { load, files, needs, kept } = fromBytes(bytes) as StoredPlan;
  const { dataset } = load;
  const whole = dataset.kind === 'stream' ? { ...dataset, ring: allocateRing() } : dataset;
  return { load: { ...load, ...(fromBytes(hidden) as HiddenPlan), dataset: whole }, files, needs, kept };
}

/** What the coordinator's successor finds. @throws Error as above. */
export function readKept(bytes: Uint8Array): Pick<StoredPlan, 'load' | 'kept'> {
  return fromBytes(bytes) as StoredPlan;
}
