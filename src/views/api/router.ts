import { messageOf } from '../../util/errors.js';
import { type Answer, failure } from './answer.js';
import type { Route } from './routes.js';
import type { ApiState } from './state.js';

/** Answers requests by the routes; what is asked for often is made once for each state. */
export function router(routes: readonly Route[], state: ApiState) {
  return (method: string, path: string): Answer => {
    const found = routes.filter((route) => nameIn(path, route) !== undefined);
    if (found.length === 0) return failure(404, 'Not Found');
    const route = found.find((each) => each.method === (method === 'HEAD' ? 'GET' : method));
    if (route === undefined) {
      const allow = found.map((each) => each.method).join(', ');
      return { ...failure(405, 'Method Not Allowed'), headers: { allow } };
    }
    try {
      const name = decodeURIComponent(nameIn(path, route) ?? '');
      return name === '' && route.method === 'GET'
        ? state.once(path, () => route.answer(''))
        : route.answer(name);
    } catch (thrown) {
      return thrown instanceof URIError
        ? failure(400, 'The address is not valid.')
        : failure(500, messageOf(thrown));
    }
  };
}

/** What follows the fixed part of a route; empty where nothing may follow, undefined for another path. */
function nameIn(path: string, { path: pattern }: Route): string | undefined {
  const brace = pattern.indexOf('{');
  if (brace === -1) return path === pattern ? '' : undefined;
  return path.startsWith(pattern.slice(0, brace)) ? path.slice(brace) : undefined;
}
