import { deserialize, serialize } from 'node:v8';

/** Smaller arrays are copied to each thread; larger ones are put into memory that threads share. */
const SHARED_BYTES = 4096;

/** Plain data as bytes, also if it lies in shared memory. */
export function toBytes(value: unknown): Buffer {
  return serialize(
    mapViews(value, (view) => (view.buffer instanceof SharedArrayBuffer ? copyOf(view, ArrayBuffer) : view)),
  );
}

/** The reverse: large arrays lie in shared memory. @throws Error for bytes of something else. */
export function fromBytes(bytes: Uint8Array): unknown {
  return mapViews(deserialize(bytes), (view) =>
    view.byteLength >= SHARED_BYTES ? copyOf(view, SharedArrayBuffer) : view,
  );
}

type View = NodeJS.TypedArray;

function copyOf(view: View, Memory: typeof ArrayBuffer | typeof SharedArrayBuffer): View {
  const memory = new Memory(view.byteLength);
  new Uint8Array(memory).set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  if (view instanceof Uint32Array) return new Uint32Array(memory);
  if (view instanceof Int32Array) return new Int32Array(memory);
  if (view instanceof Float64Array) return new Float64Array(memory);
  if (view instanceof Int8Array) return new Int8Array(memory);
  if (view instanceof Uint8Array) return new Uint8Array(memory);
  throw new Error(`a plan holds an array of an unknown kind, ${view.constructor.name}`);
}

/** A copy of plain data with other arrays; each is replaced once, also if it is there several times. */
function mapViews(root: unknown, replace: (view: View) => View): unknown {
  const replaced = new Map<View, View>();
  const walk = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (ArrayBuffer.isView(value)) {
      const view = value as View;
      const known = replaced.get(view) ?? replace(view);
      replaced.set(view, known);
      return known;
    }
    if (value instanceof Map) return new Map([...value].map(([key, item]) => [walk(key), walk(item)]));
    if (value instanceof Set) return new Set([...value].map(walk));
    if (Array.isArray(value)) return value.map(walk);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
  };
  return walk(root);
}
