import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { messageOf, UserError } from '../util/errors.js';
import type { TlsOptions } from './transport.js';

/**
 * Shared by all TLS connections of a transport: creating one per connection would parse the root certificates every
 * time. A given CA replaces the system's.
 * @throws UserError if CA, certificate or key cannot be used
 */
export function openSecureContext({ ca, cert, key }: TlsOptions): SecureContext {
  try {
    // OpenSSL ignores a CA that is not a certificate, and Node ignores an empty certificate or key.
    if (ca !== undefined) new X509Certificate(ca);
    if (cert !== undefined) new X509Certificate(cert);
    if (key !== undefined) createPrivateKey(key);
    return createSecureContext({ ca, cert, key });
  } catch (error) {
    throw new UserError(
      `The TLS files cannot be used: ${messageOf(error)}`,
      'CA, certificate and key are PEM texts, the key without a pass phrase and belonging to the certificate.',
    );
  }
}
