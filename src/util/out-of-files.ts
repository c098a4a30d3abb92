/** An error message for running out of file descriptors; undefined for any other error. */
export function outOfFilesText(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code !== 'EMFILE' && code !== 'ENFILE') return undefined;
  const whose = code === 'EMFILE' ? 'this process may open' : 'this machine may open';
  return `Too few file descriptors: ${whose} no more files. Raise the limit with 'ulimit -n 4096'.\n`;
}
