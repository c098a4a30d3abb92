/** What stands in a file or log in place of a secret. */
export const redacted = '<redacted>';

const secretNames =
  /auth|token|secret|password|passwd|credential|cookie|apikey|api[-_]key|session|signature|sas-key|access-key|private-key|ocp-apim-subscription-key|x-functions-key/i;

/** A URL without the password that it may hold. */
export function maskedUrl(url: string): string {
  return url.replace(/(:\/\/[^/@:\s]*):[^/@\s]+@/g, `$1:${redacted}@`);
}

/** Whether the value of an HTTP header must not reach a file or a log. */
export function isSecretHeader(name: string): boolean {
  return secretNames.test(name);
}

/** Whether what stands under a key of a body must not reach a file or a log; `max_tokens` and its like may. */
export function isSecretKey(key: string): boolean {
  return /^authorization$|secret|passw|credential|cookie|(api|access|private)[-_]?key|(^|[-_])token$/i.test(
    key,
  );
}
