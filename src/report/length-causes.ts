import { fullLengthRemedies, ignoredCapRemedy } from '../endpoint/advice.js';
import type { RunSummary } from '../metrics/metric-store.js';
import type { LengthCause } from '../metrics/output-length.js';

interface Explanation {
  readonly why: string;
  readonly remedies: readonly string[];
}

const ownCounts = "Use the server's counts: --use-server-token-count";

const explanations: Readonly<Record<LengthCause, Explanation>> = {
  're-tokenization': {
    why:
      "Re-tokenization: the server's usage shows the requested length, but the text received encodes to another " +
      'number of tokens (other token boundaries; special and template tokens are not in the text; --tokenizer may ' +
      "not be the server's)",
    remedies: [ownCounts, "Check that --tokenizer is the server's tokenizer"],
  },
  'hidden reasoning': {
    why: "Hidden reasoning: the server's usage shows the requested length, and counts reasoning that it does not send",
    remedies: [ownCounts],
  },
  stop: { why: 'The model stopped early (EOS, a stop string or a tool call)', remedies: fullLengthRemedies },
  limit: {
    why:
      'The server ended the output at a token limit: a limit of its own below the requested length, or, without ' +
      'usage, re-tokenization',
    remedies: ["Check the server's limits on output and context length", ownCounts],
  },
  filter: {
    why: 'A content filter ended the output',
    remedies: ['Use prompts that the filter lets through'],
  },
  longer: {
    why:
      'The output is longer than requested: the server did not apply the token limit, or, with n above 1, its usage ' +
      'counts all choices',
    remedies: [ignoredCapRemedy],
  },
  unknown: {
    why: 'Unknown: neither usage nor a finish reason explains it',
    remedies: [ownCounts, ...fullLengthRemedies],
  },
};

const order: readonly LengthCause[] = [
  're-tokenization',
  'hidden reasoning',
  'stop',
  'limit',
  'filter',
  'longer',
  'unknown',
];

/** Why outputs have another length than requested, the most frequent cause first, and what helps. */
export function lengthCauses({ notes }: RunSummary): {
  readonly causes: readonly { readonly why: string; readonly requests: number }[];
  readonly remedies: readonly string[];
} {
  const found = order
    .flatMap((cause) => {
      const requests = notes.lengthCauses[cause] ?? 0;
      return requests === 0 ? [] : [{ ...explanations[cause], requests }];
    })
    .sort((a, b) => b.requests - a.requests);
  return { causes: found, remedies: [...new Set(found.flatMap(({ remedies }) => remedies))] };
}
