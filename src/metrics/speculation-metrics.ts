import { perRequest } from './metric-rows.js';
import { ratioOf } from './request-metrics.js';

const acceptanceLength = perRequest({
  tag: 'spec_decode_acceptance_length',
  label: 'Speculative Decoding Acceptance Length',
  short: 'Acceptance Length',
  unit: 'tokens',
  largerIsBetter: true,
  table: 'usage',
  order: 1300,
  formula:
    'output tokens / decoding steps as the server reports them: `spec_verify_ct` (SGLang), or the quotient `avg_decoded_tokens_per_iter` (TensorRT-LLM)',
  absent: 'not reported',
  compute: ({ usage }) => ratioOf(usage?.completion, usage?.specSteps) ?? usage?.tokensPerStep,
});

const acceptanceRate = perRequest({
  tag: 'spec_decode_draft_acceptance_rate',
  label: 'Speculative Decoding Draft Acceptance Rate',
  short: 'Acceptance Rate',
  unit: 'ratio',
  largerIsBetter: true,
  table: 'usage',
  order: 1310,
  formula: 'accepted tokens / drafted tokens as the server reports them (SGLang)',
  absent: 'not reported, or nothing was drafted',
  compute: ({ usage }) => ratioOf(usage?.specAccepted, usage?.specDrafted),
});

const steps = perRequest({
  tag: 'spec_decode_steps',
  label: 'Speculative Decoding Steps',
  unit: 'count',
  integer: true,
  table: 'usage',
  order: 1320,
  formula: 'steps in which drafts were verified, as the server reports them (SGLang)',
  absent: 'not reported',
  compute: ({ usage }) => usage?.specSteps,
});

/** Speculative decoding of single requests, as far as their answers report it. */
export const speculationMetrics = [acceptanceLength, acceptanceRate, steps];
