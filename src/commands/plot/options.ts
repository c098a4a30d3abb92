import type { Check, Findings } from '../../config/load.js';
import type { OptionTable } from '../../config/option.js';
import { choice, choices, list, path } from '../../config/option-kinds.js';
import { profileOptions } from '../../config/options.js';
import { everyTrait } from '../../run/configuration.js';
import { reportOptions } from '../report/options.js';
import { sloErrors, slosOf } from '../slos.js';
import { viewOptions } from '../view.js';

/** Options of `aiperf plot`. */
export const plotOptions = {
  paths: list({
    argument: 'dir',
    flags: ['--paths'],
    group: 'Input',
    greedy: true,
    items: 'artifact directories, or a trace',
    default: ['artifacts'],
    help: 'Artifact directory of a run, of a sweep, several of them, or a Mooncake trace. Several runs are compared.',
  }),
  profileExportPrefix: { ...profileOptions.profileExportPrefix, group: 'Input' },
  where: { ...reportOptions.where, group: 'Input' },
  output: path({
    flags: ['--output'],
    group: 'Output',
    defaultText: '<first dir>/plots',
    help: 'Folder for the charts.',
  }),
  format: choices(['png', 'svg'], {
    flags: ['--format'],
    group: 'Output',
    default: ['png'],
    help: 'Image formats.',
  }),
  theme: choice(['light', 'dark'], {
    flags: ['--theme'],
    group: 'Output',
    default: 'light',
    help: 'Theme of the charts.',
  }),
  ...viewOptions({ goodput: 'Content', slices: 'Content' }),
  numGpus: { ...profileOptions.numGpus, group: 'Content', defaultText: "the runs', if all agree" },
  targetGoodput: {
    ...profileOptions.targetGoodput,
    group: 'Content',
    help: 'Share of all requests that must meet the SLOs for a run to meet them.',
  },
} satisfies OptionTable;

/** Finds conflicts among the options of `plot`. */
export function checkPlot(
  ...[{ config, sources }, isValid]: Parameters<Check<typeof plotOptions>>
): Findings {
  const slos = isValid('goodput') ? slosOf(config.goodput) : [];
  const name = sources.get('goodput')?.name ?? '--goodput';
  return { errors: sloErrors(slos, { ...everyTrait, slos }, name), warnings: [] };
}
