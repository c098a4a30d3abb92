/** File in the folder of artifacts that marks that they were copied: the Pod may end. */
export const COPIED = '.copied';

/** Exit code of a Pod that was removed during a run which another Pod goes on with: that of SIGTERM. */
export const HANDED_OVER = 143;

/** The sentence with which `aiperf kube run` announces that the files of a run are complete. */
export function runEnded(exitCode: number): string {
  return `The run ended with exit code ${exitCode}.`;
}

/** The exit code of a run whose end is announced in a log; undefined: it is not. */
export function exitCodeIn(log: string): number | undefined {
  const found = /^The run ended with exit code (\d+)\./m.exec(log)?.[1];
  return found === undefined ? undefined : Number(found);
}
