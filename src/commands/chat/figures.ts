import { readUsage } from '../../records/usage.js';
import type { Asked } from './conversation.js';

/**
 * TTFT, tokens per second over the whole reply, and the gap between tokens after the first.
 * @param fromServer take the server's count where it reports one. @param count of the tokens of a text.
 */
export function figuresOf(
  { answer, startNs }: Asked,
  fromServer: boolean,
  count: (text: string) => number,
): string {
  const { contentNs, usage, reasoning = '', output = '' } = answer;
  const firstMs = ((contentNs[0] ?? startNs) - startNs) / 1e6;
  const latencyMs = ((contentNs.at(-1) ?? startNs) - startNs) / 1e6;
  const reported = fromServer ? usage && readUsage(usage).completion : undefined;
  const tokens = reported ?? count(reasoning) + count(output);
  const gapMs = tokens > 1 ? (latencyMs - firstMs) / (tokens - 1) : 0;
  const lines = [
    `TTFT: ${firstMs.toFixed(2)} ms`,
    `TPS:  ${rate(tokens, latencyMs)} tokens/s (${tokens} tokens in ${(latencyMs / 1e3).toFixed(2)}s)`,
    ...(gapMs > 0 ? [`ITL:  ${gapMs.toFixed(2)} ms/token (decode ${rate(1, gapMs)} tokens/s)`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function rate(tokens: number, ms: number): string {
  return ms > 0 ? ((tokens * 1e3) / ms).toFixed(2) : 'N/A';
}
