import type { Turn } from '../dataset/conversation.js';
import { UserError } from '../util/errors.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { capWarnings } from './embeddings.js';
import type { BodyOptions, BodyRequest, Chunk, Endpoint } from './endpoint.js';
import { hasMembers, withExtras } from './payload.js';

const queryNames: ReadonlySet<string> = new Set(['query', 'queries']);
const passagesName = 'passages';

/** A turn of a ranking: one query, and the passages to rank by it. */
interface Ranking {
  readonly query: string;
  readonly passages: readonly string[];
}

function rankingApi(
  type: string,
  bodyKeys: (ranking: Ranking, model: string) => JsonObject,
  scoresIn: (unit: Json) => Json | undefined,
) {
  return {
    canStream: false,
    producesTokens: false,
    media: [],
    contentName: 'scores',
    hasSystemSlot: false,
    capKeys: [],
    streamTextKeys: [],
    ranks: true,
    checkTurn: (request: BodyRequest) => checkRanking(type, request),
    unsent,
    body: (request: BodyRequest, options: BodyOptions) =>
      withExtras(bodyKeys(rankingOf(request), request.turn.model), request, options),
    read: (unit: Json) => readScores(unit, scoresIn(unit)),
    cannedTexts: [
      { name: 'query', contents: ['Which is first?'] },
      { name: 'passages', contents: ['The first passage.', 'The second.'] },
    ],
    warnings: capWarnings,
  } satisfies Partial<Endpoint>;
}

/** NVIDIA NIM's rankings. */
export const nimRankings: Endpoint = {
  ...rankingApi(
    'nim_rankings',
    ({ query, passages }, model) => ({
      model,
      query: { text: query },
      passages: passages.map((text) => ({ text })),
    }),
    (unit) => (isObject(unit) ? unit.rankings : undefined),
  ),
  path: '/v1/ranking',
  title: 'Rankings Metrics',
  inputKeys: ['query', 'passages'],
  batchKey: 'passages',
  cannedAnswer: () => ['{"rankings":[{"index":0,"logit":1.5},{"index":1,"logit":0.5}]}'],
};

/** Cohere's rankings, which vLLM and others serve too. */
export const cohereRankings: Endpoint = {
  ...rankingApi(
    'cohere_rankings',
    ({ query, passages }, model) => ({ model, query, documents: [...passages] }),
    (unit) => (isObject(unit) ? unit.results : undefined),
  ),
  path: '/v2/rerank',
  title: 'Ranking Metrics',
  inputKeys: ['query', 'documents'],
  batchKey: 'documents',
  cannedAnswer: () => ['{"results":[{"index":0,"relevance_score":0.9},{"index":1,"relevance_score":0.5}]}'],
};

/** Rankings of Hugging Face's text embeddings inference. */
export const hfTeiRankings: Endpoint = {
  ...rankingApi(
    'hf_tei_rankings',
    ({ query, passages }) => ({ query, texts: [...passages] }),
    (unit) => (Array.isArray(unit) ? unit : isObject(unit) ? unit.results : undefined),
  ),
  path: '/rerank',
  title: 'Ranking Metrics',
  inputKeys: ['query', 'texts'],
  batchKey: 'texts',
  cannedAnswer: () => ['[{"index":0,"score":0.9},{"index":1,"score":0.5}]'],
};

function checkRanking(type: string, { turn, follows }: BodyRequest): void {
  if (follows) {
    throw new UserError(
      `the ${type} endpoint takes one turn a request, and this conversation has more`,
      'use a dataset of single turns',
    );
  }
  if (!turn.texts.some(({ name, contents }) => queryNames.has(name) && contents.length > 0)) {
    throw new UserError(
      'a ranking needs a text named query (or queries), and a turn has none',
      `name the texts of the file: {"texts": [{"name": "query", "contents": ["…"]}, {"name": "passages", "contents": ["…"]}]}`,
    );
  }
}

/** The first query counts; texts under other names are left out. */
function rankingOf({ turn }: BodyRequest): Ranking {
  const [query = ''] = queriesOf(turn);
  return { query, passages: passagesOf(turn) };
}

function queriesOf({ texts }: Turn): string[] {
  return texts.filter(({ name }) => queryNames.has(name)).flatMap(({ contents }) => contents);
}

function passagesOf({ texts }: Turn): string[] {
  return texts.filter(({ name }) => name === passagesName).flatMap(({ contents }) => contents);
}

function unsent(turn: Turn): string[] {
  const queries = queriesOf(turn);
  const others = turn.texts.flatMap(({ name }) =>
    queryNames.has(name) || name === passagesName ? [] : [name],
  );
  return [
    ...(queries.length > 1 ? [`${queries.length} queries: only the first is sent`] : []),
    ...(passagesOf(turn).length === 0 ? ['no passages: there is nothing to rank'] : []),
    ...(others.length > 0
      ? [
          `texts named ${others.map((name) => `'${name}'`).join(', ')} are not sent: a ranking has query and passages`,
        ]
      : []),
  ];
}

function readScores(unit: Json, scores: Json | undefined): Chunk | undefined {
  if (!Array.isArray(scores)) return undefined;
  const usage = isObject(unit) ? unit.usage : undefined;
  return {
    ...(scores.length === 0 ? {} : { counts: { scores: scores.length } }),
    ...(hasMembers(usage) ? { usage } : {}),
  };
}
