/**
 * The charts as plain specifications, for those who draw them themselves, as
 * notebooks do: nothing here reaches a renderer, also not later.
 */

export { historySpec } from "./_history_spec.ts";
export { rangeSpec } from "./_range_spec.ts";
export { scheduleSpec } from "./_schedule_spec.ts";
