import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';

/** Leaves the alternate screen, shows the cursor, and ends colours, mouse reports and bracketed paste. */
export const leaveScreen = '\u001b[?1049l\u001b[?25h\u001b[0m\u001b[?1000l\u001b[?1006l\u001b[?2004l';

/** Restores a terminal whose full-screen program has died: what it wrote last, and the mode of the input. */
export function restoreTerminal(): void {
  try {
    writeSync(1, leaveScreen);
    spawnSync('stty', ['sane'], { stdio: 'inherit' });
  } catch {
    // The terminal is closed.
  }
}
