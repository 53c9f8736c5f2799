/**
 * Learning-rate schedules: pure functions from an iteration to a learning rate.
 *
 * @module
 */

export type { Schedule } from "./schedule.ts";
