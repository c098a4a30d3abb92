import { render } from 'preact';
import { applyEvent, emptyState, type LiveState } from '../../views/web/live-state.js';
import { App } from './app.js';
import { type Connection, listen } from './events.js';

const box = document.getElementById('live');
if (box === null) throw new Error('the page has no place for its content');

const state = emptyState();
let shown: LiveState = state;
let connection: Connection = { kind: 'connecting' };
let isFrozen = false;
let isScheduled = false;

/** Draws at the next frame; a page in the background draws when it is shown again. */
function update(): void {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    if (!isFrozen) shown = copyOf(state);
    if (box !== null) render(<App {...{ state: shown, connection, isFrozen, onFreeze, onStop }} />, box);
  });
}

/** What is drawn stays as it is while new events change the state. */
function copyOf({ history, ...others }: LiveState): LiveState {
  const values = Object.fromEntries(
    Object.entries(history.values).map(([name, column]) => [name, [...column]]),
  );
  return {
    ...others,
    history: {
      ...history,
      seconds: [...history.seconds],
      values: values as unknown as LiveState['history']['values'],
    },
  };
}

function onFreeze(): void {
  isFrozen = !isFrozen;
  update();
}

function onStop(): void {
  const stopToken = document.querySelector<HTMLMetaElement>('meta[name="aiperf-stop"]')?.content ?? '';
  // If it fails, the connection is lost as well, which the page says.
  fetch('stop', { method: 'POST', headers: { 'X-Stop-Token': stopToken } }).catch(() => {});
}

const connected = listen({
  onEvent(event) {
    applyEvent(state, event);
    if (state.hasReport) {
      connected.close();
      location.reload();
    } else if (state.hasEnded) connected.close();
    update();
  },
  onConnection(now) {
    connection = now;
    update();
  },
});
update();
