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

/** Stops all processes of this job, as Ctrl-Z does. */
export function stopJob(): void {
  process.kill(0, 'SIGTSTP');
}

/** Stops this process until it is continued; does nothing where no shell could continue it. */
export function stopSelf(): void {
  const listeners = process.listeners('SIGTSTP');
  process.removeAllListeners('SIGTSTP');
  process.kill(process.pid, 'SIGTSTP');
  for (const listener of listeners) process.on('SIGTSTP', listener);
}
