/**
 * What a block of a prompt is known by: an integer of at most 64 bits, a bigint where a number would round it. The
 * signed and the unsigned spelling of the same 64 bits name the same block.
 */
export type HashId = number | bigint;

/** The lower 32 bits of an id. */
export function lowWord(id: HashId): number {
  return typeof id === 'bigint' ? Number(BigInt.asUintN(32, id)) : id >>> 0;
}

/** The 32 bits above them, in two's complement. */
export function highWord(id: HashId): number {
  return typeof id === 'bigint'
    ? Number(BigInt.asUintN(32, id >> 32n))
    : Math.floor(id / 0x1_0000_0000) >>> 0;
}
