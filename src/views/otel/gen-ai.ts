import type { Attributes } from '@opentelemetry/api';

/** `gen_ai.operation.name` by endpoint type; as AIPerf, `chat` for all others. */
const operations: Readonly<Record<string, string>> = {
  completions: 'text_completion',
  embeddings: 'embeddings',
};

/** Values of `gen_ai.provider.name` by the end of the server's host name, as the semantic conventions have them. */
const providers: Readonly<Record<string, string>> = {
  'api.openai.com': 'openai',
  'api.anthropic.com': 'anthropic',
  'api.deepseek.com': 'deepseek',
  'api.mistral.ai': 'mistral_ai',
  'api.cohere.ai': 'cohere',
  'api.cohere.com': 'cohere',
  'api.x.ai': 'x_ai',
  'api.groq.com': 'groq',
  'api.perplexity.ai': 'perplexity',
  'generativelanguage.googleapis.com': 'gcp.gemini',
  'aiplatform.googleapis.com': 'gcp.vertex_ai',
  'openai.azure.com': 'azure.ai.openai',
  'inference.ai.azure.com': 'azure.ai.inference',
  'ibm.com': 'ibm.watsonx.ai',
};

/** What the `gen_ai.*` attributes of a run are made from. */
export interface GenAiRun {
  readonly endpointType: string;
  readonly urls: readonly string[];
  /** `--gen-ai-provider`. */
  readonly provider: string | undefined;
}

/** The attributes that every `gen_ai.*` metric and span must have. @param model of the request. */
export function genAiAttributes(run: GenAiRun, model: string | undefined): Attributes {
  return {
    'gen_ai.operation.name': operationOf(run),
    'gen_ai.provider.name': run.provider ?? providerOf(run.urls),
    ...(model === undefined ? {} : { 'gen_ai.request.model': model }),
  };
}

export function operationOf({ endpointType }: GenAiRun): string {
  return operations[endpointType] ?? 'chat';
}

function providerOf(urls: readonly string[]): string {
  for (const url of urls) {
    if (!URL.canParse(url)) continue;
    const host = new URL(url).hostname;
    if (/^bedrock-runtime\..*\.amazonaws\.com$/.test(host)) return 'aws.bedrock';
    const known = Object.keys(providers).find(
      (end) => host === end || host.endsWith(`.${end}`) || host.endsWith(`-${end}`),
    );
    if (known !== undefined) return providers[known] ?? '';
  }
  return '_OTHER';
}
