import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packageFile } from '../../util/package-file.js';
import { Html, type HtmlContent, html } from './html.js';

/** What a page is made of. */
export interface PageParts {
  readonly title: string;
  readonly body: HtmlContent;
  /** What the page's script draws, by the id under which it looks for it; texts without a `<`. */
  readonly data: ReadonlyMap<string, string>;
}

/**
 * A whole page that needs nothing else: style, script and data are in it, and its policy allows it no connection and
 * no script but its own.
 */
export function pageDocument({ title, body, data }: PageParts): string {
  const [script, style] = ['page.js', 'page.css'].map((name) =>
    readFileSync(packageFile(`assets/page/${name}`), 'utf8'),
  );
  // Made by our build, not by anyone else: text that would end the element early is an error.
  if (script === undefined || style === undefined || /<\/(script|style)/i.test(script + style)) {
    throw new Error('assets/page is not as `npm run build` makes it');
  }
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    // Charts and bars are placed by style attributes.
    "style-src 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${Html.of(style)}</style>
</head>
<body>
${body}
${[...data].map(([id, text]) => html`<script type="application/octet-stream" id="${id}">${Html.of(text)}</script>\n`)}<script>${Html.of(script)}</script>
</body>
</html>
`;
  return page.toString();
}
