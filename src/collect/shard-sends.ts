import { type SendStats, SendStatsCollector } from '../fidelity/send-stats.js';
import { creditToStartLatency } from '../metrics/request-metrics.js';
import type { RequestTable } from '../metrics/request-table.js';
import { type Results, resultsOver } from '../metrics/results.js';
import type { RequestRecord } from '../records/record.js';

/** What the profiling requests of one machine tell of its client. */
export interface ShardSends {
  readonly sends: SendStats;
  /** Of the send delay alone. */
  readonly results: Results;
}

const MIN_ROWS = 1024;

/** Keeps apart what the requests of several machines tell; records without a shard are of no interest. */
export class ShardSendsCollector {
  readonly #table: RequestTable;
  readonly #stats = new Map<number, SendStatsCollector>();
  /** Of each row of the table. */
  #shards = new Uint16Array(0);

  /** @param table of the same requests. */
  constructor(table: RequestTable) {
    this.#table = table;
  }

  /** Takes a record, which is the last row of the table. */
  add(record: RequestRecord): void {
    const { shard } = record;
    if (shard === undefined) return;
    const row = this.#table.length - 1;
    if (row >= this.#shards.length) {
      const grown = new Uint16Array(Math.max(MIN_ROWS, 2 * this.#shards.length, row + 1));
      grown.set(this.#shards);
      this.#shards = grown;
    }
    this.#shards[row] = shard;
    const stats = this.#stats.get(shard) ?? new SendStatsCollector();
    this.#stats.set(shard, stats);
    stats.add(record);
  }

  /** Of each machine that has sent a request, so far. */
  get stats(): ReadonlyMap<number, SendStats> {
    return new Map(Array.from(this.#stats, ([shard, { stats }]) => [shard, stats]));
  }

  /** The same with the delays of sends. Sorts them: meant for the end of a run. */
  summaries(): ReadonlyMap<number, ShardSends> {
    return new Map(
      Array.from(this.stats, ([shard, sends]) => {
        const rows = this.#rowsOf(shard, sends.requests);
        return [
          shard,
          { sends, results: resultsOver(this.#table, { rows, metrics: [creditToStartLatency] }) },
        ];
      }),
    );
  }

  #rowsOf(shard: number, count: number): Int32Array {
    const rows = new Int32Array(count);
    let row = -1;
    for (let i = 0; i < count; i++) {
      row = this.#shards.indexOf(shard, row + 1);
      rows[i] = row;
    }
    return rows;
  }
}
