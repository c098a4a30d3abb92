import { expect } from 'vitest';
import { checkProfile } from '../../src/config/conflicts.js';
import { load } from '../../src/config/load.js';
import { profileOptions } from '../../src/config/options.js';
import { unsupportedOption } from '../../src/config/unsupported.js';
import { UserError } from '../../src/util/errors.js';

type Env = Readonly<Record<string, string | undefined>>;

/** The options of `profile` as a command line sets them; words are separated by spaces, or given one by one. */
export function profile(line: string | readonly string[], env: Env = {}, check = checkProfile) {
  return load(
    profileOptions,
    typeof line === 'string' ? line.split(' ') : line,
    env,
    check,
    unsupportedOption,
  );
}

/** The sentences that refuse a command line. */
export async function refusals(line: string | readonly string[], env: Env = {}): Promise<string[]> {
  const error: unknown = await profile(line, env).then(
    () => 'accepted',
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  return error instanceof UserError ? error.message.split('\n') : [];
}
