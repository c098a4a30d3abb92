/** A field of a protobuf message: its bytes, or its number. */
type Field = Buffer | bigint;

/** The fields of a message by number, each with its values in order; a small reader of the wire format. */
export class Message {
  readonly #fields = new Map<number, Field[]>();

  constructor(bytes: Buffer) {
    let at = 0;
    const varint = () => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = bytes[at++] ?? 0;
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
      }
    };
    const fixed = (size: number) => {
      at += size;
      return bytes.subarray(at - size, at);
    };
    while (at < bytes.length) {
      const key = Number(varint());
      const type = key & 7;
      const field: Field = type === 0 ? varint() : fixed(type === 2 ? Number(varint()) : type === 1 ? 8 : 4);
      this.#fields.set(key >> 3, [...(this.#fields.get(key >> 3) ?? []), field]);
    }
  }

  messages(number: number): Message[] {
    return this.#all(number).map((field) => new Message(field as Buffer));
  }

  message(number: number): Message {
    return this.messages(number)[0] ?? new Message(Buffer.alloc(0));
  }

  has(number: number): boolean {
    return this.#fields.has(number);
  }

  text(number: number): string {
    return this.bytes(number).toString('utf8');
  }

  bytes(number: number): Buffer {
    return (this.#all(number)[0] as Buffer | undefined) ?? Buffer.alloc(0);
  }

  integer(number: number): bigint {
    const [field = 0n] = this.#all(number);
    return typeof field === 'bigint' ? field : field.readBigUInt64LE();
  }

  double(number: number): number {
    return this.bytes(number).readDoubleLE();
  }

  /** Packed or not. */
  doubles(number: number): number[] {
    return this.#packed(number).map((bytes) => bytes.readDoubleLE());
  }

  fixed64s(number: number): number[] {
    return this.#packed(number).map((bytes) => Number(bytes.readBigUInt64LE()));
  }

  #packed(number: number): Buffer[] {
    const all = Buffer.concat(this.#all(number) as Buffer[]);
    return Array.from({ length: all.length / 8 }, (_, i) => all.subarray(8 * i, 8 * i + 8));
  }

  #all(number: number): Field[] {
    return this.#fields.get(number) ?? [];
  }
}
