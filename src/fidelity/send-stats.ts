import type { RequestRecord } from '../records/record.js';

/** Figures of a phase's requests for the verdict. Instants are ns since the clock's origin. */
export interface SendStats {
  readonly requests: number;
  /** Records with a timestamp that may be more than 10 ms late. */
  readonly limited: number;
  /** Requests that opened a connection, and those that reused one. */
  readonly opened: number;
  readonly reused: number;
  /** Requests whose connection the server refused. */
  readonly refused: number;
  /** Requests for which this machine had no port or file descriptor left. */
  readonly starved: number;
  /** Reads that response bodies arrived in. */
  readonly reads: number;
  /** Due time of the first request: earlier than `firstStartNs` if it was sent late. */
  readonly firstDueNs: number;
  readonly firstStartNs: number;
  readonly lastStartNs: number;
  readonly lastEndNs: number;
  /** Sum over the requests of end − start. */
  readonly inFlightNs: number;
}

/** Accumulates the statistics of records. */
export class SendStatsCollector {
  #stats = {
    requests: 0,
    limited: 0,
    opened: 0,
    reused: 0,
    refused: 0,
    starved: 0,
    reads: 0,
    firstDueNs: Number.POSITIVE_INFINITY,
    firstStartNs: Number.POSITIVE_INFINITY,
    lastStartNs: Number.NEGATIVE_INFINITY,
    lastEndNs: Number.NEGATIVE_INFINITY,
    inFlightNs: 0,
  };

  add({ dueNs, startNs, endNs, wire, error, clientLimited }: RequestRecord): void {
    const stats = this.#stats;
    stats.requests++;
    stats.reads += wire.reads;
    if (clientLimited) stats.limited++;
    if (wire.reused) stats.reused++;
    else if (!Number.isNaN(wire.connectEndNs)) stats.opened++;
    if (error !== undefined) {
      const words = `${error.message} ${error.cause ?? ''}`;
      if (words.includes('ECONNREFUSED')) stats.refused++;
      if (/\b(EADDRNOTAVAIL|EMFILE|ENFILE|ENOBUFS)\b/.test(words)) stats.starved++;
    }
    if (dueNs < stats.firstDueNs) stats.firstDueNs = dueNs;
    if (startNs < stats.firstStartNs) stats.firstStartNs = startNs;
    if (startNs > stats.lastStartNs) stats.lastStartNs = startNs;
    if (endNs > stats.lastEndNs) stats.lastEndNs = endNs;
    stats.inFlightNs += endNs - startNs;
  }

  get stats(): SendStats {
    return this.#stats;
  }
}
