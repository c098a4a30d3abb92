/** Memory that the process can still take, bytes: considers control groups. */
export function freeMemory(): number {
  return process.availableMemory();
}
