/** Calls the action of a key that is pressed outside of a dialog and a field, without Ctrl, Alt or Meta. */
export function onKeys(actionOf: (key: string) => (() => void) | undefined): () => void {
  const listener = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const action = actionOf(event.key);
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  window.addEventListener('keydown', listener);
  return () => window.removeEventListener('keydown', listener);
}
