import { renameSync, rmSync } from 'node:fs';
import type { Config } from '../../config/options.js';
import { estimateBytes } from '../../dataset/plan.js';
import { writeInputs } from '../../export/inputs-json.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import type { Artifacts } from './artifacts.js';
import { inputSessions } from './inputs.js';
import type { PreparedRun } from './prepare.js';

/** Above this `inputs.json` is left out unless it is asked for. */
const LARGEST_INPUTS_BYTES = 200e6;

/** Writes `inputs.json` where it is wanted: whole, or not at all. @throws UserError */
export async function exportInputs(
  config: Config,
  prepared: PreparedRun,
  artifacts: Artifacts,
  log: Log,
): Promise<void> {
  if (config.exportInputs === 'never') return;
  const bytes = estimateBytes(prepared.load.dataset);
  if (config.exportInputs === 'auto' && bytes > LARGEST_INPUTS_BYTES) {
    log(
      'NOTICE',
      'export',
      `inputs.json is left out: it would have about ${Math.round(bytes / 1e6)} MB; --export-inputs always writes it`,
    );
    return;
  }
  // Whole or not at all: an interrupt in the middle leaves no half file under the name.
  const unfinished = `${artifacts.inputs}.partial`;
  const removeUnfinished = () => rmSync(unfinished, { force: true });
  process.once('exit', removeUnfinished);
  try {
    await writeInputs(unfinished, inputSessions(prepared.load));
    renameSync(unfinished, artifacts.inputs);
    log('INFO', 'export', `the inputs are in ${artifacts.inputs}`);
  } catch (thrown) {
    removeUnfinished();
    if (thrown instanceof UserError) throw thrown;
    log('WARNING', 'export', `inputs.json could not be written: ${messageOf(thrown)}`);
  } finally {
    process.off('exit', removeUnfinished);
  }
}
