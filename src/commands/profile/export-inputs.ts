import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/options.js';
import { estimateBytes } from '../../dataset/plan.js';
import { writeInputs } from '../../export/inputs-json.js';
import type { RunFiles } from '../../run/files.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Log } from '../../util/log.js';
import { unfinishedEnding } from '../../util/write-whole.js';
import { inputSessions } from './inputs.js';
import type { PreparedRun } from './prepare.js';

/** Above this `inputs.json` is left out unless it is asked for. */
const LARGEST_INPUTS_BYTES = 200e6;

/** `inputs.json` until the run begins. */
export const unfinishedInputs = `inputs.json${unfinishedEnding}`;

/** Makes the first session where the file does not need them all. @throws UserError if it cannot be sent */
function checkFirstSession(prepared: PreparedRun): void {
  const { load } = prepared;
  const dataset = load.dataset.kind === 'stream' ? load.dataset.head : load.dataset;
  for (const _ of inputSessions({ ...load, dataset })) return;
}

/**
 * Writes `inputs.json` where it is wanted under the name of an unfinished file: an earlier run's stays until nothing can
 * refuse this one.
 * @returns gives it its name. @throws UserError for a session that cannot be sent.
 */
export async function stageInputs(
  config: Config,
  prepared: PreparedRun,
  artifacts: RunFiles,
  onExit: Io['onExit'],
  log: Log,
): Promise<() => void> {
  const unfinished = join(artifacts.folder, unfinishedInputs);
  const removeUnfinished = () => rmSync(unfinished, { force: true });
  const nothing = () => {};
  removeUnfinished();
  if (config.exportInputs === 'never') {
    checkFirstSession(prepared);
    return nothing;
  }
  const bytes = estimateBytes(prepared.load.dataset);
  const isStreamed = prepared.load.dataset.kind === 'stream';
  if (config.exportInputs === 'auto' && (isStreamed || bytes > LARGEST_INPUTS_BYTES)) {
    log(
      'NOTICE',
      'export',
      `inputs.json is left out: it would have about ${Math.round(bytes / 1e6)} MB; --export-inputs always writes it`,
    );
    checkFirstSession(prepared);
    return nothing;
  }
  const ignoreExit = onExit(removeUnfinished);
  const warn = (thrown: unknown) => {
    removeUnfinished();
    log('WARNING', 'export', `inputs.json could not be written: ${messageOf(thrown)}`);
  };
  try {
    await writeInputs(unfinished, inputSessions(prepared.load));
  } catch (thrown) {
    ignoreExit();
    if (thrown instanceof UserError) {
      removeUnfinished();
      throw thrown;
    }
    warn(thrown);
    return nothing;
  }
  return () => {
    ignoreExit();
    try {
      renameSync(unfinished, artifacts.inputs);
      log('INFO', 'export', `the inputs are in ${artifacts.inputs}`);
    } catch (thrown) {
      warn(thrown);
    }
  };
}
