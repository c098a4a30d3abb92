import type { ClockOrigin } from '../../util/clock.js';
import type { Log } from '../../util/log.js';
import type { ShardEvent } from '../messages.js';
import { namesOf } from '../names.js';
import { insist } from '../nats/retry.js';
import { measureClock } from './clock-offset.js';
import type { JoinedRun } from './joined-run.js';

/** Stores what an agent reports of a round once. */
export class AgentEvents {
  readonly #joined: JoinedRun;
  readonly #round: number;
  readonly #log: Log;
  #count = 0;

  constructor(joined: JoinedRun, round: number, log: Log) {
    this.#joined = joined;
    this.#round = round;
    this.#log = log;
  }

  /** Stores an event; tried again until the run is over. */
  async publish(event: ShardEvent): Promise<void> {
    const { nats, run, shard, lease, over, noteTrouble } = this.#joined;
    const msgID = `${shard}/${lease.incarnation}/${this.#round}/${this.#count++}`;
    const subject = namesOf(run).eventsOf(shard, lease.incarnation);
    await insist(() => nats.js.publish(subject, JSON.stringify(event), { msgID }), over, noteTrouble);
  }

  async warn(message: string): Promise<void> {
    this.#log('WARNING', 'agent', message);
    await this.publish({ kind: 'log', round: this.#round, level: 'WARNING', message });
  }

  /** Measures the coordinator's clock again. @param origin of the round, on the coordinator's clocks. */
  async reportClock(origin: ClockOrigin): Promise<void> {
    const { nats, run } = this.#joined;
    try {
      const clock = await measureClock(nats, namesOf(run).clock, origin);
      await this.publish({ kind: 'clock', round: this.#round, clock });
    } catch {
      // Nobody answers: the coordinator is gone, or the connection is.
    }
  }
}
