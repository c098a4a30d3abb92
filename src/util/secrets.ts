/** What stands in a file or log in place of a secret. */
export const redacted = '<redacted>';

const secretNames =
  /auth|token|secret|password|passwd|credential|cookie|apikey|api[-_]key|session|signature|sas-key|access-key|private-key|ocp-apim-subscription-key|x-functions-key/i;

/** Whether the value of an HTTP header must not reach a file or a log. */
export function isSecretHeader(name: string): boolean {
  return secretNames.test(name);
}
