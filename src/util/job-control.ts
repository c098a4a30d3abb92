import { readFileSync } from 'node:fs';

/** Whether this process may use its terminal; true where the system does not tell. */
export function isForeground(): boolean {
  try {
    // Fields after the name, which may hold spaces: state, parent, group, session, terminal, group in the foreground.
    const [, , group, , , foreground] =
      readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return group === foreground || foreground === '-1';
  } catch {
    return true;
  }
}

/**
 * Stops this process, or all processes of its job, until they are continued: what Ctrl-Z does. Nothing happens where
 * no shell could continue them.
 */
export function stop(what: 'process' | 'job'): void {
  const listeners = process.listeners('SIGTSTP');
  process.removeAllListeners('SIGTSTP');
  process.kill(what === 'job' ? 0 : process.pid, 'SIGTSTP');
  for (const listener of listeners) process.on('SIGTSTP', listener);
}
