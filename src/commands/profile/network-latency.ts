import { connect } from 'node:net';
import type { RequestTarget } from '../../endpoint/url.js';
import { LineFile } from '../../export/line-file.js';
import { type ClockOrigin, openClock, wallNsText } from '../../util/clock.js';
import { messageOf } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { every } from '../../util/timeout.js';

const CONNECT_LIMIT_MS = 5000;

/** Measures the round-trip time to the servers beside the load. */
export interface NetworkProbe {
  /** Connects to every server at once, and then at the interval. */
  start(): void;
  /** Ends it. @returns the mean round-trip time, ns; undefined if no connection was made. */
  stop(): number | undefined;
}

/**
 * Probes by TCP connects: nothing is sent, and nothing is needed on the server. One line for each probe is written.
 * @param urls of the targets, as they were given. @param path of the file.
 */
export function openNetworkProbe(
  {
    targets,
    urls,
    intervalMs,
  }: {
    readonly targets: readonly RequestTarget[];
    readonly urls: readonly string[];
    readonly intervalMs: number;
  },
  path: string,
  origin: ClockOrigin,
  log: Log,
): NetworkProbe {
  const { nowNs } = openClock(origin);
  let file: LineFile | undefined;
  let stopTimer = () => {};
  let isOver = false;
  let sumNs = 0;
  let count = 0;
  const note = (at: number, startNs: number, rttNs: number | undefined) => {
    if (isOver) return;
    if (rttNs !== undefined) {
      sumNs += rttNs;
      count++;
    }
    const { host, port } = targets[at] ?? {};
    const members = {
      ...{ target_url: urls[at], target_host: host, target_port: port, probe_type: 'tcp_connect' },
      ...{ rtt_ns: rttNs, success: rttNs !== undefined },
    };
    try {
      file?.add(`{"timestamp_ns":${wallNsText(origin, startNs)},${JSON.stringify(members).slice(1)}\n`);
    } catch (thrown) {
      file = undefined;
      log('ERROR', 'network', messageOf(thrown));
    }
  };
  const probeAll = () => {
    for (const [at, { host, port }] of targets.entries()) {
      const startNs = nowNs();
      const socket = connect({ host, port, timeout: CONNECT_LIMIT_MS });
      const end = (rttNs: number | undefined) => {
        socket.removeAllListeners('error').on('error', () => {});
        socket.destroy();
        note(at, startNs, rttNs);
      };
      socket.once('connect', () => end(nowNs() - startNs));
      socket.once('timeout', () => end(undefined));
      socket.once('error', () => end(undefined));
    }
  };
  return {
    start() {
      try {
        file = new LineFile(path);
      } catch (thrown) {
        log('ERROR', 'network', messageOf(thrown));
      }
      probeAll();
      stopTimer = every(intervalMs, probeAll);
    },
    stop() {
      stopTimer();
      isOver = true;
      file?.close();
      if (count === 0) log('WARNING', 'network', 'no connection was made: the round-trip time is not known');
      return count === 0 ? undefined : sumNs / count;
    },
  };
}
