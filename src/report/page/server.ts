import type { RunFacts } from '../../run/facts.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { serverColumns, serverRows, serverTitle } from '../server-rows.js';
import { type Html, html } from './html.js';
import { table } from './table.js';

/** What the servers counted, next to what the client did, and their settings; nothing where no known server was read. */
export function serverSection({ serverView = [], serverSettings = [] }: RunFacts): Html | undefined {
  if (serverView.length === 0 && serverSettings.length === 0) return undefined;
  return html`${serverView.map(
    (view) => html`${table({ caption: serverTitle(view), columns: serverColumns, rows: serverRows(view) })}
${[...(view.unexplained ?? []), ...(view.explained ?? [])].map((sentence) => html`<p>${sentence}</p>\n`)}`,
  )}
${serverSettings.map(
  ({ server = 'server', url = '', settings = {} }) =>
    html`<details><summary>Settings of ${server} at ${url}</summary>
${table({ caption: 'Settings', isCaptionHidden: true, columns: ['Setting', 'Value', 'From'], rows: settingRows(settings), textColumns: [1, 2] })}</details>\n`,
)}`;
}

/** A row for each setting; those of a model are called by it. */
function settingRows(settings: JsonObject): string[][] {
  return Object.entries(settings).flatMap(([place, members]) =>
    isObject(members) ? flat('', members).map(([name, value]) => [name, value, place]) : [],
  );
}

function flat(prefix: string, members: JsonObject): (readonly [string, string])[] {
  return Object.entries(members).flatMap(([name, value]: [string, Json]) =>
    isObject(value) ? flat(`${prefix}${name}: `, value) : [[`${prefix}${name}`, String(value)] as const],
  );
}
