import { openHttpTransport } from './http.js';
import type { Transport, TransportOptions } from './transport.js';

/** Opens a transport by its name in the options. @throws UserError if CA, certificate or key cannot be used */
export async function openTransport(name: 'http' | 'undici', options: TransportOptions): Promise<Transport> {
  if (name === 'http') return openHttpTransport(options);
  const { openUndiciTransport } = await import('./undici.js');
  return openUndiciTransport(options);
}
