// Cache of the last view: nearly always that of the thread's only read buffer.
let viewed: Uint8Array = new Uint8Array(0);
let view = new DataView(viewed.buffer);

/** The bytes as a DataView, which reads several at once at any offset. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view;
}
