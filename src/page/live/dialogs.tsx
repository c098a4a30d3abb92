import { useEffect, useRef } from 'preact/hooks';

/** Keys and what they do, in the order of the help. */
const keyHelp: readonly (readonly [string, string])[] = [
  ['1 – 7', 'Overview, charts, metrics, errors, client and server, log, shards'],
  ['p', 'Freeze the display; the run goes on'],
  ['r', 'Show the whole run again after a zoom'],
  ['t', 'Light or dark theme'],
  ['s', 'Stop the run (asks first)'],
  ['?', 'This help'],
  ['Esc', 'Close a dialog'],
];

/** Explains keys and mouse. */
export function HelpDialog({ isOpen, onClose }: DialogProps) {
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Keys">
      <dl class="keys">
        {keyHelp.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p>Drag across a chart to zoom all charts; double-click to reset.</p>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </Dialog>
  );
}

/** Asks before the run is stopped. */
export function StopDialog({ isOpen, onClose, onStop }: DialogProps & { onStop(): void }) {
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Stop the run?">
      <p>
        Sending stops, requests in flight are cancelled, and results are written for what was measured so far.
      </p>
      <form method="dialog" class="buttons">
        <button type="submit">Keep running</button>
        <button type="button" class="danger" onClick={onStop}>
          Stop the run
        </button>
      </form>
    </Dialog>
  );
}

interface DialogProps {
  readonly isOpen: boolean;
  onClose(): void;
}

function Dialog({
  isOpen,
  onClose,
  title,
  children,
}: DialogProps & { title: string; children: preact.ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} onClose={onClose} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}
