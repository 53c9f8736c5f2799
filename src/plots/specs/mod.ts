/**
 * The charts as specifications alone, for notebooks, which draw them themselves:
 * no package of pictures is needed for them.
 */

export { historySpec } from "./history_spec.ts";
export { rangeSpec } from "./range_spec.ts";
export { scheduleSpec } from "./schedule_spec.ts";
