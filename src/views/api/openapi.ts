import type { JsonObject } from '../../util/json.js';
import type { Route } from './routes.js';

/** `/openapi.json`: a description of the routes in OpenAPI 3.1. */
export function openApiDocument(routes: readonly Route[], version: string): JsonObject {
  const paths: JsonObject = {};
  for (const { method, path, summary, type } of routes) {
    const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
      ...{ name, in: 'path', required: true, schema: { type: 'string' } },
    }));
    const responses = { 200: { description: summary, content: { [type]: {} } } };
    paths[path] = { [method.toLowerCase()]: { summary, parameters, responses } };
  }
  return { openapi: '3.1.0', info: { title: 'AIPerf API', version }, paths };
}
