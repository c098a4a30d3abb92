/** A pattern of paths with `*`, `**`, `?` and `[…]` as a regular expression; a folder's separator is `/`. */
export function globOf(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]+\]|[.+^$(){}|\\/-]/g, (sign) => {
    if (sign === '**/') return '(?:.*/)?';
    if (sign === '**') return '.*';
    if (sign === '*') return '[^/]*';
    if (sign === '?') return '[^/]';
    return sign.startsWith('[') ? sign.replace('[!', '[^') : `\\${sign}`;
  });
  return new RegExp(`^${source}$`);
}
