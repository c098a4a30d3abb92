/**
 * ID of a block of a prompt: an integer of at most 64 bits, a bigint if a number would round it. Signed and unsigned
 * spellings of the same 64 bits are the same block.
 */
export type HashId = number | bigint;

/** The lower 32 bits of an ID. */
export function lowWord(id: HashId): number {
  return typeof id === 'bigint' ? Number(BigInt.asUintN(32, id)) : id >>> 0;
}

/** The upper 32 bits of an ID, in two's complement. */
export function highWord(id: HashId): number {
  return typeof id === 'bigint'
    ? Number(BigInt.asUintN(32, id >> 32n))
    : Math.floor(id / 0x1_0000_0000) >>> 0;
}
