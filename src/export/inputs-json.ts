import { closeSync, writeSync } from 'node:fs';
import { setImmediate as letOthersRun } from 'node:timers/promises';
import type { JsonObject } from '../util/json.js';
import { openNewFile } from '../util/new-file.js';
import { secretsIn } from '../util/secret-names.js';
import { holdsSecret, jsonWithoutSecrets } from '../util/secrets.js';

/** One dataset session with its request bodies, one a turn. */
export interface InputSession {
  readonly session_id: string;
  readonly payloads: readonly JsonObject[];
}

const WRITE_AT_CHARACTERS = 1_000_000;

/**
 * Writes `inputs.json` session by session, without secrets: memory stays bounded for any dataset, and other work, such
 * as an interrupt, gets its turn between writes.
 * @returns the characters written. @throws the file system's error, or what making a session threw.
 */
export async function writeInputs(
  path: string,
  sessions: Iterable<InputSession>,
  signal?: AbortSignal,
): Promise<number> {
  const file = openNewFile(path);
  let waiting = '{\n  "data": [';
  let written = 0;
  const write = () => {
    writeSync(file, waiting);
    written += waiting.length;
    waiting = '';
  };
  try {
    let separator = '\n    ';
    for (const session of sessions) {
      waiting += separator + indented(session);
      separator = ',\n    ';
      if (waiting.length < WRITE_AT_CHARACTERS) continue;
      write();
      await letOthersRun();
      signal?.throwIfAborted();
    }
    waiting += separator === '\n    ' ? ']\n}' : '\n  ]\n}';
    write();
    return written;
  } finally {
    closeSync(file);
  }
}

function indented(session: InputSession): string {
  const text = layout(session);
  const { session_id, payloads } = session;
  if (!holdsSecret(text) && payloads.every((body) => secretsIn(body).length === 0)) return text;
  return layout({ session_id, payloads: payloads.map((body) => jsonWithoutSecrets(body, secretsIn(body))) });
}

function layout(session: InputSession): string {
  // Line feeds inside strings are escaped, so every one found is the layout's.
  return JSON.stringify(session, null, 2).replaceAll('\n', '\n    ');
}
