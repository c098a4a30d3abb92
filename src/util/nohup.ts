import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Whether the process was started to survive its terminal, by `nohup` or by another program that ignores SIGHUP. Node
 * resets all signals to their defaults at startup, so the process itself cannot tell.
 */
export function wasStartedByNohup(env: Readonly<Record<string, string | undefined>>): boolean {
  if (basename(env._ ?? '') === 'nohup') return true;
  try {
    return parentIgnoresHangup() || standardInputIsUnreadable();
  } catch {
    // The system has no /proc.
    return false;
  }
}

const HANGUP_BIT = 1n;

function parentIgnoresHangup(): boolean {
  const ignored = /^SigIgn:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${process.ppid}/status`, 'utf8'))?.[1];
  return ignored !== undefined && (BigInt(`0x${ignored}`) & HANGUP_BIT) !== 0n;
}

/** `nohup` replaces a terminal by /dev/null, opened write-only. */
function standardInputIsUnreadable(): boolean {
  const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync('/proc/self/fdinfo/0', 'utf8'))?.[1] ?? '0';
  return readlinkSync('/proc/self/fd/0') === '/dev/null' && (Number.parseInt(flags, 8) & 0o3) === 1;
}
