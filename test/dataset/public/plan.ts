import type { Dataset } from '../../../src/dataset/conversation.js';
import type { DatasetOptions } from '../../../src/dataset/dataset-options.js';
import type { HashId } from '../../../src/dataset/hash-id.js';
import { openDataset, planDataset } from '../../../src/dataset/plan.js';
import type { PublicRequest, PublicSource } from '../../../src/dataset/public/plan.js';
import { options } from '../options.js';

/** Plans a public data set; its tokens are words. */
export async function planPublicly(
  request: Partial<PublicRequest> & Pick<PublicRequest, 'dataset'>,
  env: NodeJS.ProcessEnv,
  changed: Partial<DatasetOptions> = {},
): Promise<{
  readonly dataset: Dataset;
  readonly source: PublicSource | undefined;
  readonly logs: readonly string[];
}> {
  const logs: string[] = [];
  const log = (level: string, _logger: string, message: string) => void logs.push(`${level} ${message}`);
  const name = typeof request.dataset === 'string' ? request.dataset : `hf://${request.dataset.id}`;
  const plan = await planDataset(
    {
      ...options,
      ...changed,
      publicDataset: {
        ...{ name, columns: {}, filters: {}, limitOfLarge: 100, isScheduled: false, env, log },
        openCounter: async () => (text) => text.split(' ').length,
        ...request,
      },
    },
    log,
  );
  if (plan.kind !== 'rows' && plan.kind !== 'graphs') throw new Error('no rows');
  const none = () => {
    throw new Error('no text is generated');
  };
  const blocks = (ids: ArrayLike<HashId>, tokens: number, size: number) =>
    `${Array.from(ids).join('.')}/${tokens}/${size}`;
  return { dataset: openDataset(plan, { prompt: none, blocks }), source: plan.source, logs };
}
