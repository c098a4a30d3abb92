/** Whether colours may be written to a stream: `NO_COLOR` turns them off, and a dumb terminal shows their codes. */
export function allowsColors(
  stream: object,
  { NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
): boolean {
  return 'isTTY' in stream && stream.isTTY === true && NO_COLOR === undefined && TERM !== 'dumb';
}
