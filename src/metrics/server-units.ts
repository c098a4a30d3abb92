/** Units by the last words of a metric's name; the first that fits counts. */
const units: readonly (readonly [ending: RegExp, unit: string])[] = [
  [/_milliseconds$|_ms(_avg)?$/, 'ms'],
  [/_microseconds$|_us$/, 'us'],
  [/_nanoseconds$|_ns$/, 'ns'],
  [/_seconds$/, 'seconds'],
  [/_bytes$/, 'bytes'],
  [/_ratio$/, 'ratio'],
  [/_perc(ent)?$/, 'percent'],
  [/_tokens$/, 'tokens'],
  [/(_requests|_reqs|request_success)$|num_requests_/, 'requests'],
  [/_errors?$|_error_count$/, 'errors'],
  [/_blocks$/, 'blocks'],
  [/_gb_s$/, 'GB/s'],
  [/_celsius$/, 'celsius'],
  [/_watts$/, 'W'],
  [/_joules$/, 'J'],
];

// Shares are often named as percentages; their description says that 1 is all.
const isShare = /\b1(\.0)? *(means|is|equals|==?) *100|[(\s]0(\.0)? *([-–—]|to) *1(\.0)?(?![\d.])/i;

/** Unit of a server's metric, from its name, and whether a share is of 1 or of 100 also from its description. */
export function serverUnit(name: string, help: string): string | undefined {
  if (isShare.test(help)) return 'ratio';
  const base = name.toLowerCase().replace(/_total$/, '');
  return units.find(([ending]) => ending.test(base))?.[1];
}
