/**
 * The charts as specifications alone, for notebooks, which draw them themselves:
 * no package of pictures is needed for them.
 */

export { historySpec } from "./_history_spec.ts";
export { rangeSpec } from "./_range_spec.ts";
export { scheduleSpec } from "./_schedule_spec.ts";
