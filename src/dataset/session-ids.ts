import { randomStreams } from '../util/random.js';

/**
 * IDs for conversations without one, by conversation index: `session_000000` and so on if the user set the seed, else
 * UUIDs (version 4 in form) drawn from the run's seed so that every thread agrees.
 */
export function sessionIds(seed: number, named: boolean): (index: number) => string {
  if (named) return (index) => `session_${String(index).padStart(6, '0')}`;
  const streams = randomStreams(seed, 'session-id');
  return (index) => {
    const random = streams(index);
    const bytes = Buffer.alloc(16);
    for (let at = 0; at < 16; at += 4) bytes.writeUInt32BE(random.integer(0x1_0000_0000), at);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = bytes.toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  };
}
