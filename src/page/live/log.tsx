import { useEffect, useRef } from 'preact/hooks';
import type { LogLine } from '../../views/web/live-state.js';

/** The log of the run; it follows new lines while its end is in view. */
export function Log({ lines }: { readonly lines: readonly LogLine[] }) {
  const list = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (follows.current && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [lines.length, lines.at(-1)]);
  return (
    <ol
      ref={list}
      class="log"
      aria-label="Log"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reached by keyboard.
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        follows.current = scrollTop + clientHeight > scrollHeight - 8;
      }}
    >
      {lines.map((line) => (
        <li key={line.number} class={line.level.toLowerCase()}>
          <time>{new Date(line.unixMs).toLocaleTimeString([], { hour12: false })}</time>
          <span class="level">{line.level}</span>
          <span class="source">{line.logger}</span>
          <span class="text">{line.message}</span>
        </li>
      ))}
    </ol>
  );
}
