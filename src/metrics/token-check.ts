import { knownServers } from '../telemetry/known-servers.js';
import { withThousands } from '../util/counted.js';
import type { ClientCounts, TokenCount } from './client-counts.js';
import { fixed } from './format.js';
import type { Findings } from './server-check.js';
import type { ServerFigures } from './server-figures.js';

/** Token counts of a server, and those of ours that they contain. @param others other clients used the server. */
export function checkTokens(
  server: ServerFigures,
  client: ClientCounts,
  others: boolean,
  found: Findings,
): void {
  const { promptTokens, ownPromptTokens, generationTokens, ownGenerationTokens } = client;
  if (promptTokens !== undefined) {
    const total = server.counts.promptTokens;
    // A prompt is processed for each choice, though its response reports it once.
    const isRepeated = total !== undefined && total >= promptTokens.total * client.choices;
    check('Prompt tokens', total, promptTokens, {
      times: isRepeated ? client.choices : 1,
      own: ownPromptTokens,
      surplus: 'chat template and special tokens',
      mayBeLess: knownServers.some((known) => known.id === server.id && known.countsOnlyComputedPrompts),
    });
  }
  if (generationTokens !== undefined) {
    check('Generation tokens', server.counts.generationTokens, generationTokens, {
      times: 1,
      own: ownGenerationTokens,
      surplus:
        client.choices * client.prompts > 1 ? 'other choices' : 'tokens that are not in the text received',
      mayBeLess: false,
    });
  }

  function check(
    label: string,
    total: number | undefined,
    ours: TokenCount,
    {
      times,
      own,
      surplus,
      mayBeLess,
    }: {
      /** How often the server counts each token of ours. */
      readonly times: number;
      /** What was counted here. */
      readonly own: number | undefined;
      /** What the server counts above that. */
      readonly surplus: string;
      /** Tokens that were found in the cache are not counted. */
      readonly mayBeLess: boolean;
    },
  ): void {
    if (total === undefined) return;
    const { succeeded, unsure } = client;
    const excess = total - ours.total * times;
    // Without usage in the responses, only what was counted here can be compared.
    const isTemplate = !ours.isUsage && excess > 0 && unsure === 0 && !others;
    const counted = isTemplate ? ours.total + excess / times : ours.total;
    const more = own === undefined ? 0 : counted - own;
    const perRequest = Math.abs(more) / succeeded;
    const each = Number.isInteger(perRequest) ? String(perRequest) : fixed(perRequest, 2);
    const words = [
      `${withThousands(own ?? counted)} of ours as counted here`,
      ...(more > 0 ? [`${withThousands(more)} more (${each} a request: ${surplus})`] : []),
      ...(more < 0 ? [`${withThousands(-more)} fewer as the server counts them (${each} a request)`] : []),
    ].join(', ');
    const all = times === 1 ? words : `${words}, all ${times} times for the choices`;
    const said = `${label}: ${server.name} counts ${withThousands(total)}: ${all}`;
    if (excess === 0 || isTemplate) found.explained.push(`${said}.`);
    else if (excess < 0 && mayBeLess)
      found.explained.push(
        `${said}, of which ${withThousands(-excess)} were in the cache and are not counted.`,
      );
    else if (excess > 0 && others)
      found.explained.push(`${said}, and ${withThousands(excess)} of other clients.`);
    else if (excess > 0 && excess <= unsure * ours.max * times)
      found.explained.push(
        `${said}, and ${withThousands(excess)} of requests that were cancelled or failed.`,
      );
    else
      found.unexplained.push(
        `${said}; ${withThousands(Math.abs(excess))} ${excess > 0 ? 'more' : 'fewer'} than that are not accounted for.`,
      );
  }
}
