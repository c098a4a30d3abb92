import { cutAndCounted } from '../util/cut.js';

/** Some servers answer with whole pages; the records have them in full. */
const LONGEST_MESSAGE = 2000;

/** A server's message as reports show it: its beginning, with the number of characters that are left out. */
export function clipped(message: string): string {
  return cutAndCounted(message, LONGEST_MESSAGE);
}
