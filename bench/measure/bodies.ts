/** What the floor sends: the same as ours for a short prompt. */
export function chatBody(tokens: number, streaming: boolean): object {
  return {
    messages: [{ role: 'user', content: 'Say something of a fixed length, please, and nothing more.' }],
    model: 'mock',
    stream: streaming,
    max_completion_tokens: tokens,
    ignore_eos: true,
  };
}

/** Options of ours for the same requests. */
export function chatArgs(tokens: number, streaming: boolean, inputTokens = 16): string[] {
  const common = ['--isl', String(inputTokens), '--num-dataset-entries', '100', '--osl', String(tokens)];
  return [...common, '--extra-inputs', 'ignore_eos:true', ...(streaming ? ['--streaming'] : [])];
}
