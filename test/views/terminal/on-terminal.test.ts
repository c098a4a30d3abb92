import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profileWords, temporaryFolder } from '../../e2e/aiperf.js';
import { type SimulatedServer, startSimulatedServer } from '../../e2e/simulated-server.js';
import { startOnTerminal } from './terminal.js';

let server: SimulatedServer;
beforeAll(async () => {
  server = await startSimulatedServer({
    ttft: 5,
    itl: 1,
    timer: 'low-cpu',
    'fail-rate': 0.1,
    'fail-status': 503,
  });
});
afterAll(() => server.close());

/** A run without end on a terminal. */
function start(more: Parameters<typeof profileWords>[0] = {}) {
  const options = {
    ...{ model: 'mock', tokenizer: 'builtin', streaming: true, isl: 20, osl: 10, 'request-rate': 40 },
    ...{ url: server.url, 'benchmark-duration': 600, 'artifact-dir': temporaryFolder(), ui: 'dashboard' },
  };
  return startOnTerminal(profileWords({ ...options, ...more }));
}

describe('the dashboard on a terminal', () => {
  it('shows the run, follows keys and sizes, and leaves the report and the terminal as it was', async () => {
    const terminal = start();
    const first = await terminal.until(/× 503 .*: /);
    expect(terminal.isAlternate()).toBe(true);
    expect(first).toContain('Profiling');
    expect(first).toContain('of 40.0 req/s');

    terminal.type('6');
    expect(await terminal.until(/ETA.*\nLog ─/)).not.toContain('Load ─');
    terminal.type('?');
    await terminal.until(/Freeze or resume/);
    terminal.type('?1p');
    const frozen = await terminal.until(/FROZEN/);
    terminal.resize(120, 40);
    await terminal.until(/FROZEN {2}p resume$/m);
    expect(terminal.screen().split('\n')).toHaveLength(40);
    terminal.type('p');
    terminal.resize(79, 24);
    await terminal.until(/^terminal too small \(79x24, needs 80x24\)\n+$/);
    terminal.resize(80, 24);
    await terminal.until(/Load ─/);
    await expect
      .poll(() => requestsIn(terminal.screen()), { timeout: 60_000 })
      .toBeGreaterThan(requestsIn(frozen));

    terminal.type('q');
    await terminal.until(/Stop the run\?/);
    terminal.type('n');
    await terminal.until(/q stop/);
    terminal.type('qy');
    await terminal.until(/exit code/);
    terminal.type('\r');
    const written = await terminal.ended;
    expect(terminal.isAlternate()).toBe(false);
    const left = terminal.scrollback();
    expect(left).toContain('AIPerf | LLM Metrics');
    expect(left).toMatch(/Log File: .*\naiperf.log|Log File: .*aiperf\.log/);
    expect(left).toContain('exit code 130');
    expect(left).toMatch(/ icanon /);
    expect(left).toMatch(/ echo /);
    // The cursor is shown again, and nothing was erased that had scrolled off.
    expect(written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(written.lastIndexOf('\u001b[?25l'));
    expect(written).not.toContain('\u001b[3J');
  });

  it('gives the terminal back if its process dies, and the run goes on', async () => {
    const terminal = start({ 'benchmark-duration': 4 });
    await terminal.until(/× 503 .*: /);
    process.kill(terminal.pids().views, 'SIGKILL');
    await terminal.until(/exit code/);
    terminal.type('\r');
    await terminal.ended;
    expect(terminal.isAlternate()).toBe(false);
    const left = terminal.scrollback();
    expect(left).toContain('The live views ended early (SIGKILL). The run goes on.');
    expect(left).toContain('AIPerf | LLM Metrics');
    expect(left).toContain('exit code 0');
    expect(left).toMatch(/ icanon /);
  });

  it('gives the terminal back if the program is killed', async () => {
    const terminal = start();
    await terminal.until(/× 503 .*: /);
    process.kill(terminal.pids().main, 'SIGKILL');
    await terminal.until(/aiperf has died/);
    expect(terminal.isAlternate()).toBe(false);
    // A line ends with Enter: the input is not raw any more.
    terminal.type('\r');
    await terminal.ended;
    expect(terminal.scrollback()).toMatch(/ icanon /);
  });
});

/** Requests that have returned, of the progress panel. */
function requestsIn(screen: string): number {
  return Number(/^Requests +([\d,]+)/m.exec(screen)?.[1]?.replaceAll(',', ''));
}
