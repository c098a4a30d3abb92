/** Exit codes of `aiperf`. */
export const exitCodes = { success: 0, failure: 1, notMet: 3, interrupted: 130 } as const;

/** Their meanings, for help and reference. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  success:
    'Success, also with failed requests among good ones; a sweep in which at least two runs succeeded.',
  failure:
    'Bad options, a failed start, no successful request, an unfinished run, or files that could not be written.',
  notMet: 'The results are complete, but a condition such as --strict-fidelity is not met.',
  interrupted: 'Interrupted; the results so far are written.',
};
