/** A difference between our files and AIPerf 0.13's that is meant, and why. */
export interface Excuse {
  readonly difference: RegExp;
  /** A decision of the project by its number, or what makes the two runs differ. */
  readonly reason: string;
  /** The only runs that may differ so; absent: any. */
  readonly runs?: readonly string[];
  /** The difference comes and goes with the machine or the draw: an excuse that need not be needed. */
  readonly byChance?: true;
}

/** Differences that nothing excuses. @param found those of one run */
export function unexcused(
  excuses: readonly Excuse[],
  run: string,
  found: readonly string[] | undefined,
): string[] | undefined {
  return found?.filter((line) => !excuses.some((excuse) => covers(excuse, run, line)));
}

/** Excuses that no difference needs any more, or not in a run that they name. @param found differences by run. */
export function unusedExcuses(
  excuses: readonly Excuse[],
  found: ReadonlyMap<string, readonly string[]>,
): string[] {
  return excuses.flatMap((excuse) => {
    if (excuse.byChance) return [];
    const isNeededBy = (run: string) => found.get(run)?.some((line) => covers(excuse, run, line)) === true;
    if (excuse.runs === undefined) return [...found.keys()].some(isNeededBy) ? [] : [`${excuse.difference}`];
    return excuse.runs.filter((run) => !isNeededBy(run)).map((run) => `${excuse.difference} for ${run}`);
  });
}

function covers({ difference, runs }: Excuse, run: string, line: string): boolean {
  return (runs === undefined || runs.includes(run)) && difference.test(line);
}
