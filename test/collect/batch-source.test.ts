import { expect, it } from 'vitest';
import { shiftTimes } from '../../src/collect/batch-source.js';
import { WireTimes } from '../../src/transport/transport.js';
import { aRecord } from '../metrics/records.js';

it('moves every time of a record, and nothing else', () => {
  const wire = new WireTimes();
  Object.assign(wire, { startNs: 5, headNs: 8, bytesSent: 100, writes: 2, reused: true });
  const record = aRecord({
    ...{
      dueNs: 1,
      startNs: 2,
      ackNs: 3,
      endNs: 40,
      contentNs: Float64Array.of(10, 20),
      cancelledNs: 0,
      wire,
    },
    raw: { requestHeaders: {}, payload: {}, units: [{ atNs: 9, text: 'x' }] },
  });
  const shifted = shiftTimes(record, 1000);
  expect(shifted).toEqual({
    ...record,
    ...{ dueNs: 1001, startNs: 1002, ackNs: 1003, endNs: 1040, contentNs: Float64Array.of(1010, 1020) },
    ...{ cancelledNs: 1000, firstOutputNs: record.firstOutputNs + 1000 },
    wire: Object.assign(new WireTimes(), {
      ...{ startNs: 1005, headNs: 1008, bytesSent: 100, writes: 2, reused: true },
    }),
    raw: { requestHeaders: {}, payload: {}, units: [{ atNs: 1009, text: 'x' }] },
  });
  // A request that was not cancelled stays so.
  expect(shiftTimes(aRecord({ cancelledNs: undefined }), 5).cancelledNs).toBeUndefined();
});

it('leaves out no time that a record has', () => {
  const times = (of: object) => Object.entries(of).filter(([name]) => name.endsWith('Ns'));
  const wire = new WireTimes();
  for (const [at, [name]] of times(wire).entries()) Object.assign(wire, { [name]: at });
  const record = aRecord({ wire, firstOutputNs: 7, ackNs: 8, cancelledNs: 9, contentNs: Float64Array.of(1) });
  const shifted = shiftTimes(record, 100);
  const sums = (of: object) => times(of).map(([name, value]) => [name, Number(value) + 100]);
  expect(times(record).map(([name]) => name)).toContain('dueNs');
  expect(times(shifted).map(([name, value]) => [name, Number(value)])).toEqual(sums(record));
  expect(times(shifted.wire)).toEqual(sums(wire));
});
