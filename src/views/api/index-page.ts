import type { Route } from './routes.js';

/** The page at `/`: the routes, with links. */
export function indexPage(routes: readonly Route[]): string {
  const rows = routes.map(({ method, path, summary }) => {
    const isLink = method === 'GET' && !path.includes('{');
    return `<tr><td>${method}<td>${isLink ? `<a href="${path}">${path}</a>` : path}<td>${summary}`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>AIPerf API</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:50rem;padding:0 1rem}
td{padding:.15rem 1rem .15rem 0;vertical-align:top}</style>
<h1>AIPerf API</h1>
<table>
${rows.join('\n')}
<tr><td>WS<td>/ws<td>Messages while the run goes on. Send {"type":"subscribe","message_types":["*"]}.
</table>
</html>
`;
}
