import { describe, expect, it } from 'vitest';
import { Broadcast, type ViewerStream } from '../../../src/views/web/broadcast.js';

/** A viewer that has read everything, or that reads nothing. */
class Viewer implements ViewerStream {
  text = '';
  writableLength = 0;
  isDestroyed = false;
  hasEnded = false;
  readonly chunks: Buffer[] = [];
  readonly #reads: boolean;

  constructor(reads = true) {
    this.#reads = reads;
  }

  write(bytes: Buffer): void {
    this.chunks.push(bytes);
    this.text += bytes.toString();
    if (!this.#reads) this.writableLength += bytes.length;
  }

  end(): void {
    this.hasEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  get ids(): string[] {
    return [...this.text.matchAll(/^id: (.*)$/gm)].map(([, id = '']) => id);
  }

  get data(): unknown[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data));
  }
}

describe('events for viewers', () => {
  it('serializes each event once, and the state once for all who come between two events', () => {
    let states = 0;
    let serialized = 0;
    const broadcast = new Broadcast(() => ({ states: ++states }));
    const viewers = [new Viewer(), new Viewer(), new Viewer()];
    for (const viewer of viewers) broadcast.connect(viewer, undefined);
    broadcast.publish('snapshot', { toJSON: () => ++serialized });
    expect({ states, serialized }).toEqual({ states: 1, serialized: 1 });
    expect(new Set(viewers.map(({ text }) => text)).size).toBe(1);
    expect(new Set(viewers.map(({ chunks }) => chunks.at(-1))).size).toBe(1);
    broadcast.connect(new Viewer(), undefined);
    expect(states).toBe(2);
  });

  it('sends what a viewer missed by the id of its last event, and else everything', () => {
    const broadcast = new Broadcast(() => 'all');
    const first = new Viewer();
    broadcast.connect(first, undefined);
    for (const data of [1, 2, 3]) broadcast.publish('log', data);
    expect(first.text).toMatch(
      /^retry: 1000\n\nid: \w+-0\nevent: state\ndata: "all"\n\nid: \w+-1\nevent: log\ndata: 1\n\n/,
    );
    const missedTwo = new Viewer();
    broadcast.connect(missedTwo, first.ids[1]);
    expect(missedTwo.data).toEqual([2, 3]);
    const missedNothing = new Viewer();
    broadcast.connect(missedNothing, first.ids[3]);
    expect(missedNothing.data).toEqual([]);
    const ofEarlierRun = new Viewer();
    broadcast.connect(ofEarlierRun, '00000000-2');
    expect(ofEarlierRun.data).toEqual(['all']);
    // What is kept is bounded: after a megabyte, a viewer gets everything anew.
    broadcast.publish('log', 'x'.repeat(600_000));
    broadcast.publish('log', 'x'.repeat(600_000));
    const late = new Viewer();
    broadcast.connect(late, first.ids[1]);
    expect(late.data).toEqual(['all']);
  });

  it('drops a viewer that does not read, before it costs more than 4 MB, and no other', () => {
    const broadcast = new Broadcast(() => 'all');
    const [stalled, other] = [new Viewer(false), new Viewer()];
    broadcast.connect(stalled, undefined);
    broadcast.connect(other, undefined);
    for (let i = 0; i < 50; i++) broadcast.publish('log', 'x'.repeat(100_000));
    expect(stalled.isDestroyed).toBe(true);
    expect(stalled.writableLength).toBeLessThanOrEqual(4e6);
    expect(other.isDestroyed).toBe(false);
    expect(other.data).toHaveLength(51);
    expect(broadcast.viewers).toBe(1);
  });
});
