import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { messageOf, UserError } from '../util/errors.js';
import type { TlsOptions } from './transport.js';

/**
 * What all TLS connections of a transport share; making one for each connection would read the root certificates
 * again and again. A CA that is given takes the place of the system's.
 * @throws UserError when CA, certificate or key cannot be used
 */
export function openSecureContext({ ca, cert, key }: TlsOptions): SecureContext {
  try {
    // OpenSSL passes over a CA that is no certificate, and node over an empty certificate or key.
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
