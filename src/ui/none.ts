import type { Progress } from './progress.js';

/** Shows nothing. */
export const none: Progress = { update() {}, clear() {}, stop() {} };
