/**
 * An error that the user can fix: bad options, unreadable files, an unknown tokenizer. `message` says what was wrong,
 * what was expected and what was found; `hint` says how to fix it. Shown without a stack; exit code 1.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** The message of any thrown value. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
