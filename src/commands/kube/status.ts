import { layoutOn } from '../../report/layout.js';
import { drawTable } from '../../report/table.js';
import type { Io } from '../../util/io.js';
import type { Command, Invocation } from '../command.js';
import { placeOptions } from './options.js';
import { type RunPod, stateText } from './pods.js';
import { runObjects } from './run-objects.js';

/** `aiperf kube status`: the Pods of a run, a shard each, and why others are missing. */
export const command: Command<typeof placeOptions> = { options: placeOptions, run };

async function run({ config }: Invocation<typeof placeOptions>, io: Io): Promise<number> {
  const { pods, gaps } = await runObjects(config, io);
  const lines = drawTable(
    {
      title: `AIPerf | Pods of ${config.name}`,
      columns: [
        { header: 'Role', align: 'left', style: 'cyan' },
        { header: 'Pod', align: 'left', style: 'bold' },
        { header: 'Node', align: 'left', style: 'bold' },
        { header: 'Restarts' },
        { header: 'State', align: 'left', style: 'bold', yields: 'at spaces' },
      ],
      rows: pods.map((pod) => [
        roleOf(pod),
        pod.name,
        pod.node ?? '-',
        String(pod.restarts),
        { text: stateText(pod), style: pod.phase === 'Failed' ? 'red' : 'green' },
      ]),
    },
    layoutOn(io.stdout, 120, io.env),
  );
  const all = [...(pods.length === 0 ? [] : lines), ...gaps.map(({ text }) => text)];
  io.stdout.write(`${all.join('\n')}\n`);
  return 0;
}

function roleOf({ role, shard }: RunPod): string {
  return shard === undefined ? role : `shard ${shard}`;
}
