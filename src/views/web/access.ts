import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../listen.js';

/** Headers of a request that decide what it may do. */
export interface Credentials {
  /** `Host`: the name and port that the viewer's browser believes to talk to. */
  readonly host: string | undefined;
  /** `Origin`: the page that sends the request; browsers set it on every POST. */
  readonly origin: string | undefined;
  /** `Authorization`. */
  readonly authorization: string | undefined;
  /** The token from the query of the first load, or from the cookie that it left. */
  readonly token: string | undefined;
  /** The token embedded in the page, in the header of a stop. */
  readonly stopToken: string | undefined;
}

/** A token of 128 random bits that needs no escaping in a URL. */
function randomToken(): string {
  return randomBytes(16).toString('base64url');
}

/** Rules of who may see the live page, and who may stop the run. */
export class Access {
  /** Whether every request needs the token: beyond loopback, and where the user set one. */
  readonly needsToken: boolean;
  /** Needed to see the page if `needsToken`. */
  readonly token: string;
  /** Embedded in the page; another site that makes a browser send a POST cannot read it. */
  readonly stopToken = randomToken();
  readonly #isLoopback: boolean;

  /** @param host that the server listens on. @param token set by the user; absent: a random one beyond loopback. */
  constructor(host: string, token: string | undefined) {
    this.#isLoopback = isLoopback(host);
    this.needsToken = !this.#isLoopback || token !== undefined;
    this.token = token ?? randomToken();
  }

  /**
   * Whether the browser asked for this server: a foreign name that resolves to a loopback address (DNS rebinding) would
   * otherwise let another site read the page. Beyond loopback the token protects it: the cookie belongs to one name.
   */
  isHostAllowed(host: string | undefined): boolean {
    if (!this.#isLoopback) return true;
    return host !== undefined && isLoopback(host.replace(/:\d+$/, ''));
  }

  mayView({ host, authorization, token }: Credentials): boolean {
    if (!this.isHostAllowed(host)) return false;
    return !this.needsToken || this.#hasToken(token) || this.#hasToken(bearer(authorization));
  }

  /** A stop comes from the page itself, or from a program that knows the token. */
  mayStop(credentials: Credentials): boolean {
    const { host, origin, authorization, stopToken } = credentials;
    if (!this.mayView(credentials)) return false;
    if (origin !== undefined && hostOf(origin) !== host) return false;
    if (stopToken !== undefined && areEqual(stopToken, this.stopToken)) return true;
    return this.needsToken && this.#hasToken(bearer(authorization));
  }

  #hasToken(token: string | undefined): boolean {
    return token !== undefined && areEqual(token, this.token);
  }
}

function bearer(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** Takes the same time wherever two texts differ; digests have equal lengths. */
function areEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
