/** Part `i` of `total` cut into `parts` as evenly as whole numbers allow. */
export function evenShare(total: number, parts: number, i: number): number {
  return Math.floor(total / parts) + (i < total % parts ? 1 : 0);
}
