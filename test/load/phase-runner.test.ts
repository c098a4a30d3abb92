import { describe, expect, it } from 'vitest';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import { type StageOptions, stage } from './phase-environment.js';

const loop = (slots: number, options: StageOptions = {}) =>
  stage(options, (phase) => new ClosedLoop(phase, { limit: slots, rampNs: 0 }, (total) => total));

describe('the end of a phase', () => {
  it('issues nothing after the duration, and counts what answers within the grace period', () => {
    const run = loop(1, { issueUntilNs: 100, cutAtNs: 130 });
    run.advanceTo(99);
    run.answer(0);
    expect(run.open.length).toBe(1);
    run.advanceTo(129);
    run.answer(0);
    expect([run.sent.length, run.done()]).toEqual([2, 1]);
    expect(run.records.map((record) => record.error)).toEqual([undefined, undefined]);
  });

  it('drops what is in flight when the grace period ends, a record each', () => {
    const run = loop(2, { issueUntilNs: 100, cutAtNs: 130, cutReason: 'grace is over' });
    run.advanceTo(129);
    expect([run.open.length, run.done()]).toEqual([2, 0]);
    run.advanceTo(130);
    expect([run.open.length, run.done()]).toEqual([0, 1]);
    expect(run.records.map(({ error, endNs, cancelledNs }) => [error, endNs, cancelledNs])).toEqual(
      Array(2).fill([
        { code: 499, type: 'RequestCancellationError', message: 'Request cancelled: grace is over' },
        130,
        130,
      ]),
    );
  });

  it('does not cut earlier where a count ended issuing before the duration', () => {
    const run = loop(1, { requestLimit: 1, issueUntilNs: 100, cutAtNs: 130 });
    run.advanceTo(120);
    run.answer(0);
    expect([run.records[0]?.error, run.done()]).toEqual([undefined, 1]);
  });

  it('drops turns whose delay has not passed by then', () => {
    const run = loop(1, { turns: 2, delayMs: 1, issueUntilNs: 0.5e6, cutAtNs: Number.POSITIVE_INFINITY });
    run.answer(0);
    run.advanceTo(2e6);
    expect([run.sent.length, run.done()]).toEqual([1, 1]);
  });

  it('at an interrupt: drops what is in flight, a record each, and sends nothing more', () => {
    const run = loop(2, { requestLimit: 10 });
    run.advanceTo(50);
    run.answer(0);
    run.counters.stop();
    run.advanceTo(100);
    run.phase.drop('stopped by hand');
    const facts = run.records
      .slice(1)
      .map(({ error, cancelledNs, endNs, ackNs }) => [error?.code, error?.type, cancelledNs, endNs, ackNs]);
    expect(facts).toEqual(Array(2).fill([499, 'RequestCancellationError', 100, 100, Number.NaN]));
    expect([run.open.length, run.counters.issued, run.counters.returned, run.done()]).toEqual([0, 3, 3, 1]);
  });

  it('at an interrupt: drops turns whose delay has not passed', () => {
    const run = loop(1, { sessionLimit: 1, turns: 2, delayMs: 500 });
    run.answer(0);
    run.counters.stop();
    run.phase.drop('stopped by hand');
    run.advanceTo(1e9);
    expect([run.sent.length, run.done()]).toEqual([1, 1]);
  });
});

describe('prefill concurrency', () => {
  it('holds requests back until the first token of another, or its end without one', () => {
    const run = loop(3, { requestLimit: 4, prefill: { limit: 1, rampNs: 0 } });
    expect(run.open.length).toBe(1);
    run.firstToken(0);
    run.advanceTo(1e6); // it is looked for every millisecond
    expect(run.open.length).toBe(2);
    run.answer(1, 'x', 500); // the second one fails before a token: its place is free at once
    expect(run.open.length).toBe(2);
    run.firstToken(1);
    run.advanceTo(2e6);
    expect(run.open.length).toBe(3);
  });
});

describe('limits', () => {
  it('of prefill rise along their ramp: v at D(v - 1)/(T - 1)', () => {
    // 1 -> 3 over 8 s: the second at 4 s, the third at 8 s; waiting requests look every millisecond.
    const run = loop(5, { requestLimit: 5, prefill: { limit: 3, rampNs: 8e9 } });
    const openAt = (ns: number) => {
      run.advanceTo(ns);
      return run.open.length;
    };
    expect([0, 4e9 - 1, 4e9 + 1e6, 8e9 - 1, 8e9 + 1e6, 100e9].map(openAt)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('are tested again by what waited for a place: a request held back beyond the duration is not sent', () => {
    const run = loop(2, { requestLimit: 2, prefill: { limit: 1, rampNs: 0 }, issueUntilNs: 100e6 });
    run.advanceTo(100e6);
    run.firstToken(0);
    run.advanceTo(200e6);
    run.answer(0);
    expect([run.sent.length, run.done(), run.counters.prefillIsFull(1)]).toEqual([1, 1, false]);
  });

  it('ignore a delay on a first turn', () => {
    const run = loop(1, { sessionLimit: 1, timings: [[{ delayMs: 1000 }, { delayMs: 1 }]] });
    expect(run.open.length).toBe(1);
    run.answer(0);
    run.advanceTo(1e6);
    run.answer(0);
    expect(run.records.map(({ dueNs }) => dueNs)).toEqual([0, 1e6]);
  });
});

describe('cancellation', () => {
  const cancelling = (delayNs: number, isChosen = (session: number) => session === 1) =>
    loop(2, { requestLimit: 2, cancellation: { isChosen, delayNs } });

  it('counts from when the request was sent whole, and drops the chosen one', () => {
    const run = cancelling(500e6);
    run.advanceTo(40e6);
    run.handedOver(0);
    run.handedOver(1);
    run.advanceTo(540e6 - 1);
    expect(run.open.length).toBe(2);
    run.advanceTo(540e6);
    expect(run.open.length).toBe(1);
    run.answer(0);
    expect(
      run.records.map(({ error, cancelledNs, startNs, endNs, text }) => [
        error,
        cancelledNs,
        startNs,
        endNs,
        text,
      ]),
    ).toEqual([
      [
        { code: 499, type: 'RequestCancellationError', message: 'Request cancelled 0.500s after being sent' },
        540e6,
        0,
        540e6,
        undefined,
      ],
      [undefined, undefined, 0, 540e6, 'ok'],
    ]);
    expect(run.done()).toBe(1);
  });

  it('at a delay of 0 drops the request as soon as it is sent', () => {
    const run = cancelling(0);
    run.handedOver(1);
    run.advanceTo(0);
    expect(run.records[0]?.error?.message).toBe('Request cancelled 0.000s after being sent');
  });

  it('leaves an answer alone that was complete first', () => {
    const run = cancelling(500e6);
    run.handedOver(1);
    run.advanceTo(499e6);
    run.answer(1);
    run.answer(0);
    run.advanceTo(600e6);
    expect(run.records.map(({ error, cancelledNs }) => [error, cancelledNs])).toEqual(
      Array(2).fill([undefined, undefined]),
    );
  });

  it('fails a request that could not even be sent in time', () => {
    const run = cancelling(500e6);
    run.timeOut(1);
    expect(run.records[0]?.error).toEqual({ code: 0, type: 'RequestSendTimeout', message: 'too slow' });
    expect(run.records[0]?.cancelledNs).toBeUndefined();
  });

  it('gives up a request that is not sent within 300 s where nothing else bounds it', () => {
    const run = cancelling(500e6);
    run.advanceTo(300e9 - 1);
    expect(run.open.length).toBe(2);
    run.advanceTo(300e9);
    expect(run.open.length).toBe(1);
    expect(run.records.map(({ error, cancelledNs, endNs }) => [error, cancelledNs, endNs])).toEqual([
      [
        { code: 0, type: 'RequestSendTimeout', message: 'The request was not sent completely within 300 s' },
        undefined,
        300e9,
      ],
    ]);
  });

  it('of a request that was sent in time waits for its own delay alone', () => {
    const run = cancelling(400e9);
    run.advanceTo(299e9);
    run.handedOver(1);
    run.advanceTo(699e9 - 1);
    expect([run.open.length, run.records.length]).toEqual([2, 0]);
    run.advanceTo(699e9);
    expect(run.records[0]?.error?.message).toBe('Request cancelled 400.000s after being sent');
  });

  it('frees the slot of the cancelled request', () => {
    const run = loop(1, {
      requestLimit: 2,
      cancellation: { isChosen: (session) => session === 0, delayNs: 1 },
    });
    run.handedOver(0);
    run.advanceTo(1);
    expect(run.prompts()).toEqual(['0.0', '1.0']);
  });

  it('goes on with the next turn of the conversation', () => {
    const run = loop(1, {
      sessionLimit: 1,
      turns: 2,
      cancellation: { isChosen: (_, turn) => turn === 0, delayNs: 0 },
    });
    run.handedOver(0);
    run.advanceTo(0);
    run.answer(0);
    expect(run.prompts()).toEqual(['0.0', '0.1']);
    expect(run.records.map((record) => record.error?.code)).toEqual([499, undefined]);
  });
});
