// Some servers answer with whole pages; the records have them in full.
const LONGEST_MESSAGE = 2000;

/** The begin of a server's message, with the number of characters that are left out. */
export function clipped(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  const left = (message.length - LONGEST_MESSAGE).toLocaleString('en-US');
  return `${message.slice(0, LONGEST_MESSAGE)}… (${left} more characters)`;
}
