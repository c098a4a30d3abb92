const verdicts = ['client ok', 'client strained', 'client limited'] as const;

/** Whether the client limited the run: no, almost, or yes. */
export type Verdict = (typeof verdicts)[number];

/** The verdict on several clients of one run: that of the worst; undefined without any. */
export function worstVerdict(found: readonly (string | undefined)[]): Verdict | undefined {
  return verdicts.findLast((verdict) => found.includes(verdict));
}

/** The most serious reasons first, each kind in the order given. */
export function bySeriousness<Reason extends { readonly level?: string | undefined }>(
  reasons: readonly Reason[],
): readonly Reason[] {
  const isLimit = ({ level }: Reason) => level === 'limited';
  return [...reasons.filter(isLimit), ...reasons.filter((reason) => !isLimit(reason))];
}
