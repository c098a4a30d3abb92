/** A label in Prometheus text format: `name="value"`. */
export function label(name: string, value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
  return `${name}="${escaped}"`;
}
