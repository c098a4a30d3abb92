import type { RawExchange, RequestRecord } from '../records/record.js';
import { WireTimes } from '../transport/transport.js';

/** The record with `ns` added to all its times: what it is when its times count from an earlier origin. */
export function shiftTimes(record: RequestRecord, ns: number): RequestRecord {
  return {
    ...record,
    dueNs: record.dueNs + ns,
    startNs: record.startNs + ns,
    ackNs: record.ackNs + ns,
    endNs: record.endNs + ns,
    contentNs: record.contentNs.map((atNs) => atNs + ns),
    firstOutputNs: record.firstOutputNs + ns,
    cancelledNs: record.cancelledNs === undefined ? undefined : record.cancelledNs + ns,
    wire: shiftWire(record.wire, ns),
    raw: record.raw && shiftRaw(record.raw, ns),
  };
}

function shiftWire(wire: WireTimes, ns: number): WireTimes {
  const shifted = new WireTimes();
  for (const [name, value] of Object.entries(wire))
    Object.assign(shifted, { [name]: name.endsWith('Ns') ? value + ns : value });
  return shifted;
}

function shiftRaw(raw: RawExchange, ns: number): RawExchange {
  return { ...raw, units: raw.units.map((unit) => ({ ...unit, atNs: unit.atNs + ns })) };
}
