import { describe, expect, it } from 'vitest';
import type { SendStats } from '../../src/fidelity/send-stats.js';
import type { Stall, ThreadReport } from '../../src/fidelity/thread-report.js';
import { type Evidence, judge } from '../../src/fidelity/verdict.js';

const ms = 1e6;
const second = 1e9;
const calm = { p50: 0.02 * ms, p99: 1 * ms, max: 3 * ms };

const thread = (changes: Partial<ThreadReport> = {}): ThreadReport => ({
  thread: 0,
  startNs: 0,
  endNs: 10 * second,
  loopDelayNs: calm,
  readLagNs: calm,
  gc: { count: 0, totalNs: 0, maxNs: 0 },
  busyShare: 0.3,
  cpuShare: 0.3,
  waitShare: 0.01,
  stalls: [],
  lateNs: 0,
  ...changes,
});

const sends: SendStats = {
  requests: 1001,
  limited: 0,
  opened: 10,
  reused: 991,
  refused: 0,
  starved: 0,
  reads: 0,
  firstDueNs: 0,
  firstStartNs: 0,
  lastStartNs: 10 * second,
  lastEndNs: 12 * second,
  inFlightNs: 120 * second,
};

const evidence = (changes: Partial<Evidence> = {}): Evidence => ({
  threads: [thread()],
  sends,
  sendDelayNs: calm,
  load: { kind: 'concurrency', requested: 10 },
  mayQueue: false,
  movedNs: 0,
  throttled: undefined,
  stolenNs: undefined,
  roof: undefined,
  ...changes,
});

const throttledFor = (lengthMs: number) => ({
  cpus: 2,
  periods: 300,
  throttledPeriods: 12,
  throttledNs: lengthMs * ms,
});
const rate = { load: { kind: 'rate', requested: 100 } } as const;
const stall = (startS: number, endS: number, cause: Stall['cause'] = 'own work'): Stall => ({
  startNs: startS * second,
  endNs: endS * second,
  cause,
});

describe('verdict', () => {
  it('is ok where nothing was late', () => {
    const { verdict, reasons } = judge(evidence());
    expect({ verdict, reasons }).toEqual({ verdict: 'client ok', reasons: [] });
  });

  // 1 % of the 10 s of one thread are 100 ms, 0.1 % are 10 ms; sums below 100 and 20 ms do not count.
  it.each([
    [19, 10, 'client ok'],
    [20, 10, 'client strained'],
    [99, 10, 'client strained'],
    [100, 10, 'client limited'],
    [99, 1, 'client strained'],
    [100, 100, 'client strained'],
    [99, 100, 'client ok'],
  ])('%d ms late in %d s: %s', (lateMs, lengthS, verdict) => {
    const threads = [thread({ lateNs: lateMs * ms, endNs: lengthS * second, stalls: [stall(1, 1.2)] })];
    expect(judge(evidence({ threads })).verdict).toBe(verdict);
  });

  it('says when, and what most of the time in stalls was due to', () => {
    const stalls = [stall(2, 2.2), stall(2.5, 2.6, 'no core'), stall(7, 7.4, 'no core')];
    const { reasons } = judge(evidence({ threads: [thread({ lateNs: 670 * ms, stalls })] }));
    expect(reasons).toEqual([
      {
        level: 'limited',
        sentence:
          'for 6.7 % of the run, client timing could be more than 10 ms late: ' +
          'load threads were runnable, but other processes held the CPU (2.0 s to 2.6 s, 7.0 s to 7.4 s)',
        spans: [
          { startNs: 2 * second, endNs: 2.6 * second, stalledNs: expect.closeTo(300 * ms, 0) },
          { startNs: 7 * second, endNs: 7.4 * second, stalledNs: expect.closeTo(400 * ms, 0) },
        ],
      },
    ]);
  });

  it.each([
    // Late for 600 ms: half of that is 300 ms.
    [undefined, 'a load thread was overloaded, or the host of this virtual machine did not schedule it'],
    [299, 'a load thread was overloaded'],
    [300, 'the host of this virtual machine took 300.0 ms of CPU time (steal)'],
  ])('tells its own work from time that the host took: %s ms', (stolenMs, cause) => {
    const threads = [thread({ lateNs: 600 * ms, stalls: [stall(2, 2.61)] })];
    const stolenNs = stolenMs === undefined ? undefined : stolenMs * ms;
    const [reason] = judge(evidence({ threads, stolenNs })).reasons;
    expect(reason?.sentence).toBe(
      `for 6.0 % of the run, client timing could be more than 10 ms late: ${cause} (2.0 s to 2.6 s)`,
    );
  });

  it.each([
    [4.9, 'client ok'],
    [5, 'client strained'],
    [10, 'client limited'],
  ])('p99 of the sending %d ms after due: %s under a schedule', (p99, verdict) => {
    const sendDelayNs = { p50: 0, p99: p99 * ms, max: 20 * ms };
    expect(judge(evidence({ ...rate, sendDelayNs })).verdict).toBe(verdict);
    // Waiting for a slot is no fault of the client's; a closed loop sends when it can, and its load is no less one.
    expect(judge(evidence({ ...rate, sendDelayNs, mayQueue: true })).verdict).toBe('client ok');
    expect(judge(evidence({ sendDelayNs })).verdict).toBe('client ok');
    expect(judge(evidence({ ...rate, sendDelayNs, sends: { ...sends, requests: 99 } })).verdict).toBe(
      'client ok',
    );
  });

  it.each([
    [
      'reads taken in late',
      { threads: [thread({ readLagNs: { ...calm, p99: 12 * ms } })] },
      'client limited',
    ],
    ['a schedule moved by 0.5 %', { ...rate, movedNs: 50 * ms }, 'client strained'],
    ['a schedule moved by 1 %', { ...rate, movedNs: 100 * ms }, 'client limited'],
    [
      'during a run, of which 1.3 % were moved before its records were known',
      { ...rate, movedNs: 130 * ms, elapsedNs: 20_000 * ms },
      'client strained',
    ],
    ['no port left', { sends: { ...sends, starved: 1 } }, 'client limited'],
    ['a refusing server', { sends: { ...sends, refused: 500 } }, 'client ok'],
    // Of 10 s; 100 ms are 1 %.
    ['throttled at all', { throttled: throttledFor(1) }, 'client strained'],
    ['throttled for 0.99 %', { throttled: throttledFor(99) }, 'client strained'],
    ['throttled for 1 %', { throttled: throttledFor(100) }, 'client limited'],
    [
      'throttled for 100 ms of 20 s',
      { throttled: throttledFor(100), threads: [thread({ endNs: 20 * second })] },
      'client strained',
    ],
    ['a busy thread', { threads: [thread({ busyShare: 0.9 })] }, 'client strained'],
    ['a thread that spins until it is due', { ...rate, threads: [thread({ busyShare: 1 })] }, 'client ok'],
    ['waiting for a core', { threads: [thread({ waitShare: 0.1 })] }, 'client strained'],
  ] as const)('%s: %s', (_, changes, verdict) => {
    expect(judge(evidence(changes)).verdict).toBe(verdict);
  });

  it.each([
    [2, 'the limit of 2 CPUs (cgroup)'],
    [1, 'the limit of 1 CPU (cgroup)'],
    [0.5, 'the limit of 0.5 CPUs (cgroup)'],
    [undefined, 'a CPU limit (cgroup)'],
  ])('says how often and how long a limit of %s CPUs stopped it', (cpus, limit) => {
    const [reason] = judge(evidence({ throttled: { ...throttledFor(530), cpus } })).reasons;
    // 12 of 300
    expect(reason?.sentence).toBe(
      `${limit} throttled this client in 12 of 300 periods (4.0 %), for 530.0 ms summed over CPUs: ` +
        'give it more whole CPUs, or lower the load',
    );
  });

  // Half of the 600 ms that were late, and half of the 2 s that its thread waited.
  it.each([
    [299, 'load threads were runnable, but other processes held the CPU', 'other processes held them'],
    [300, 'the CPU limit stopped the load threads', 'other processes held them'],
    [1000, 'the CPU limit stopped the load threads', 'the CPU limit stopped it'],
  ])('blames a limit that stopped it for %d ms for as much', (lengthMs, late, waited) => {
    const threads = [thread({ lateNs: 600 * ms, stalls: [stall(2, 2.6, 'no core')], waitShare: 0.2 })];
    const { reasons } = judge(evidence({ threads, throttled: throttledFor(lengthMs) }));
    expect(reasons.map(({ sentence }) => sentence)).toEqual([
      `for 6.0 % of the run, client timing could be more than 10 ms late: ${late} (2.0 s to 2.6 s)`,
      expect.stringContaining('throttled this client'),
      `load thread 0 was runnable but waited for a CPU core for 20.0 % of the time: ${waited}`,
    ]);
  });

  it('the weightiest reason comes first', () => {
    const { reasons } = judge(
      evidence({ threads: [thread({ busyShare: 0.95 })], sends: { ...sends, starved: 3 } }),
    );
    expect(reasons.map(({ level, sentence }) => [level, sentence])).toEqual([
      [
        'limited',
        '3 requests could not be sent: this machine ran out of ports or open files ' +
          '(raise net.ipv4.ip_local_port_range or ulimit -n, or lower the load)',
      ],
      [
        'strained',
        'load thread 0 was busy for 95.0 % of the time: add load threads (--load-threads) or a second machine',
      ],
    ]);
  });

  it('a first request that was late lowers the rate, and both figures agree', () => {
    // Asked: 100 a second for 10 s. The first was sent 2.5 s late, and the schedule was moved by that: 1,000 gaps in
    // 12.5 s are 80 a second, 20 % less; from the first sending on it would be 100.
    const late = { ...sends, firstStartNs: 2.5 * second, lastStartNs: 12.5 * second };
    const { achieved, reasons } = judge(evidence({ ...rate, sends: late, movedNs: 2500 * ms }));
    expect(achieved).toBe(80);
    expect(reasons.map(({ sentence }) => sentence)).toEqual([
      'the client fell behind its schedule and delayed it by 2500.0 ms: the rate was 20.0 % lower than requested',
    ]);
    // Caught up instead: the last one was sent in time, and the rate is what was asked, not 1,000 gaps in 7.5 s.
    const caughtUp = { ...sends, firstStartNs: 2.5 * second };
    expect(judge(evidence({ ...rate, sends: caughtUp })).achieved).toBe(100);
  });

  it('spans count from when the load was due to start, also before the first request', () => {
    const threads = [
      thread({ lateNs: 190 * ms, startNs: 5 * second, endNs: 15 * second, stalls: [stall(5, 5.2)] }),
    ];
    const late = { ...sends, firstDueNs: 6 * second, firstStartNs: 6 * second };
    expect(judge(evidence({ threads, sends: late })).reasons[0]?.sentence).toMatch(/ \(0\.0 s to 0\.2 s\)$/);
  });

  describe('how much of its limit the client used', () => {
    const roof = { requestsPerSecond: 20_000, eventsPerSecond: 50_000 };

    it('requests and further reads, each at its cost, over the time of all load threads', () => {
      // 20,000 requests are 1 s of a load thread, 50,000 reads after the first ones are 1 s: 2 of 20 s.
      const load = { ...sends, requests: 20_000, reads: 70_000 };
      const threads = [thread(), thread({ thread: 1 })];
      expect(judge(evidence({ threads, roof, sends: load })).utilization).toEqual({ share: 0.1, roof });
      // A schedule changes nothing; refused requests have no read.
      const refused = { ...sends, requests: 100_000, refused: 100_000 };
      expect(judge(evidence({ ...rate, roof, sends: refused })).utilization).toEqual({ share: 0.5, roof });
    });

    it('without a roof: of the time of the busiest thread, unless threads are busy waiting', () => {
      const threads = [thread(), thread({ thread: 1, busyShare: 0.4 })];
      expect(judge(evidence({ threads })).utilization).toEqual({ share: 0.4, roof: undefined });
      expect(judge(evidence({ threads, ...rate })).utilization).toBeUndefined();
    });

    // 10 s of a load thread are 500,000 events.
    it.each([
      [399_999, 'client ok', []],
      [
        400_000,
        'client strained',
        [
          "the load was 80.0 % of this machine's client limit (aiperf doctor --roof): add load threads (--load-threads) or a second machine",
        ],
      ],
    ])('%d events in 10 s: %s', (reads, verdict, sentences) => {
      const fidelity = judge(evidence({ roof, sends: { ...sends, requests: 0, reads } }));
      expect(fidelity.verdict).toBe(verdict);
      expect(fidelity.reasons.map(({ sentence }) => sentence)).toEqual(sentences);
    });
  });

  it('the load that was reached: 120 s in flight over 12 s; 1,000 gaps in 10 s', () => {
    expect(judge(evidence()).achieved).toBe(10);
    expect(judge(evidence(rate)).achieved).toBe(100);
    expect(judge(evidence({ sends: { ...sends, requests: 1 } })).achieved).toBeUndefined();
    const atOnce = { ...sends, lastStartNs: 0, lastEndNs: 0 };
    expect(judge(evidence({ sends: atOnce })).achieved).toBeUndefined();
    expect(judge(evidence({ ...rate, sends: atOnce })).achieved).toBeUndefined();
  });
});
