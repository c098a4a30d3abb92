/**
 * An error that the user can fix: bad options, unreadable files, an unknown tokenizer. `message` says what was wrong,
 * what was expected and what was found; `hint` says how to fix it. Shown in a panel with this title, without a stack; exit code 1.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly hint: string | undefined;
  readonly title: string;
  constructor(message: string, hint?: string, title = 'Error') {
    super(message);
    this.hint = hint;
    this.title = title;
  }
}

/** The message of any thrown value. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The stack of any thrown value. */
export function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

/** OpenSSL's reason for an error without the place in its code, or the message. */
export function tlsReasonOf(thrown: unknown): string {
  return thrown instanceof Error && 'reason' in thrown && typeof thrown.reason === 'string'
    ? thrown.reason
    : messageOf(thrown);
}
