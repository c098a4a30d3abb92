/** What the exit status of `aiperf` says to a script. */
export const exitCodes = {
  /** The results are there and can be used; some requests may have failed. */
  success: 0,
  /** Bad options, no start, no successful request, an unfinished run, or results that could not be written. */
  failure: 1,
  /** The results are there, and do not meet a condition of the command, such as `--strict-fidelity`. */
  notMet: 3,
  /** The user ended the run; what was measured until then is written. */
  interrupted: 130,
} as const;
