import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packageFile } from '../../util/package-file.js';

/** What an address shows. */
export interface WebDocument {
  readonly html: string;
  /** Content security policy of the response; undefined for a page that has its own. */
  readonly policy: string | undefined;
}

/**
 * The live page: style and script are in it, and its policy allows nothing but its own event stream and stop.
 * @param stopToken that the page sends to end the run.
 */
export function liveDocument(stopToken: string): WebDocument {
  const asset = (name: string) => readFileSync(packageFile(`assets/page/${name}`), 'utf8');
  const [script, style] = [asset('live.js'), asset('live.css')];
  const policy = [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="aiperf-stop" content="${stopToken}">
<link rel="icon" href="data:,">
<title>AIPerf live</title>
<style>${style}</style>
</head>
<body>
<div id="live"></div>
<noscript>The live page needs JavaScript. Its events are at /events.</noscript>
<script>${script}</script>
</body>
</html>
`;
  return { html, policy };
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
