import { messageOf, UserError } from '../util/errors.js';
import type { ViewAddress, ViewMessage } from './messages.js';
import type { ViewPlan } from './plan.js';
import type { View, ViewContext } from './view.js';

/**
 * Opens a view. Throws a UserError if its options cannot be met, such as a port in use: the run is refused. Any other
 * error is a warning, and the run goes on without the view.
 */
type Opener = () => Promise<View>;

/** What opens each view of a plan; loaded when it is called, as in `(await import('./x.js')).openX(plan, context)`. */
function openersOf(
  { api, dashboard, page, otel, mlflow }: ViewPlan,
  context: ViewContext,
): Readonly<Record<keyof ViewPlan, Opener | undefined>> {
  return {
    dashboard:
      dashboard && (async () => (await import('./terminal/view.js')).openDashboard(dashboard, context)),
    page: page && (async () => (await import('./web/web-view.js')).openWebView(page, context)),
    api: api && (async () => (await import('./api/view.js')).openApi(api, page, context)),
    otel: otel && (async () => (await import('./otel/view.js')).openOtel(otel, context)),
    mlflow: mlflow && (async () => (await import('./mlflow/view.js')).openMlflow(mlflow, context)),
  };
}

/** The open views as one. */
export interface OpenedViews extends Required<View> {
  readonly addresses: readonly ViewAddress[];
}

/** Opens the views of a plan. @throws UserError if the options of one of them cannot be met: all are closed again. */
export async function openViews(plan: ViewPlan, context: ViewContext): Promise<OpenedViews> {
  const views = new Map<string, View>();
  const warn = (view: string, thrown: unknown) =>
    context.reply({ kind: 'warning', view, message: messageOf(thrown) });
  const drop = (view: string, thrown: unknown) => {
    warn(view, thrown);
    // What the main process holds back goes to the terminal now.
    if (view === 'dashboard') context.reply({ kind: 'left' });
  };
  const closeAll = async (hurry: AbortSignal, lingers: boolean) => {
    const closing = Array.from(views, async ([name, view]) => {
      try {
        await view.close(hurry, lingers);
      } catch (thrown) {
        warn(name, thrown);
      }
    });
    views.clear();
    await Promise.all(closing);
  };
  for (const [name, open] of Object.entries(openersOf(plan, context))) {
    try {
      const view = await open?.();
      if (view !== undefined) views.set(name, view);
    } catch (thrown) {
      if (thrown instanceof UserError) {
        await closeAll(AbortSignal.abort(), false);
        throw thrown;
      }
      drop(name, thrown);
    }
  }
  return {
    addresses: [...views.values()].flatMap(({ addresses = [] }) => addresses),
    onMessage: (message: ViewMessage) => {
      for (const [name, view] of views) {
        try {
          view.onMessage(message);
        } catch (thrown) {
          views.delete(name);
          void view
            .close(AbortSignal.abort(), false)
            .catch(() => {})
            .finally(() => drop(name, thrown));
        }
      }
    },
    close: closeAll,
  };
}
