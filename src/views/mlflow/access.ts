import { secretsInUrl } from '../../util/secret-names.js';

/** How a tracking server lets us in. */
export interface MlflowAccess {
  /** The header's value; undefined for a server without credentials. */
  readonly authorization: string | undefined;
  /** Its certificate is not checked. */
  readonly isInsecure: boolean;
  /** Never to be shown. */
  readonly secrets: readonly string[];
}

/** Reads the variables that MLflow's own clients read; they win over credentials in the URL, as there. */
export function mlflowAccess(
  trackingUri: string,
  env: Readonly<Record<string, string | undefined>>,
): MlflowAccess {
  const url = new URL(trackingUri);
  const { MLFLOW_TRACKING_USERNAME: username, MLFLOW_TRACKING_PASSWORD: password = '' } = env;
  const token = env.MLFLOW_TRACKING_TOKEN;
  const inUrl = url.username !== '' || url.password !== '';
  const authorization = username
    ? basic(username, password)
    : token
      ? `Bearer ${token}`
      : inUrl
        ? basic(decodeURIComponent(url.username), decodeURIComponent(url.password))
        : undefined;
  return {
    authorization,
    isInsecure: env.MLFLOW_TRACKING_INSECURE_TLS === 'true',
    secrets: [password, token ?? '', ...secretsInUrl(trackingUri)].filter((secret) => secret !== ''),
  };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
