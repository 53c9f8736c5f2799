import { MODELS } from "./models.ts";
import type { RowResult } from "./row_result.ts";

/** What is wrong with a field: what it must be, unless it is. */
type Rule = readonly [must: string, holds: (value: unknown) => boolean];

const isCount = (value: unknown) =>
  Number.isSafeInteger(value) && value as number >= 0;
/** JSON has null for NaN, and text for the infinities. */
const isRecorded = (value: unknown) =>
  typeof value === "number" || value === null || value === "Infinity" ||
  value === "-Infinity";

const text: Rule = ["text", (value) => typeof value === "string"];
const count: Rule = ["a whole number >= 0", isCount];

/** The fields that the report reads. */
const RULES: { readonly [field: string]: Rule } = {
  row: text,
  // Both become parts of the names of files.
  model: [
    "a model of this program",
    (value) => typeof value === "string" && Object.hasOwn(MODELS, value),
  ],
  "data.name": [
    "the name of a data set",
    (value) => typeof value === "string" && /^[\w -]{1,40}$/.test(value),
  ],
  scale: [
    "a number > 0 and <= 1",
    (value) => typeof value === "number" && value > 0 && value <= 1,
  ],
  optimizer: text,
  seed: count,
  iterations: count,
  rate: text,
  foundBounds: ["two rates, or absent", isBounds],
  accuracy: ["a number or null", isRecorded],
  diverged: ["true or false", (value) => typeof value === "boolean"],
  "data.origin": text,
  "data.note": [
    "text, or absent",
    (value) => value === undefined || typeof value === "string",
  ],
  "data.trainImages": count,
  "data.testImages": count,
  "data.curveImages": [
    "a whole number >= 0, or absent",
    (value) => value === undefined || isCount(value),
  ],
  backend: text,
  device: text,
  seconds: ["a finite number", Number.isFinite],
  epochHistory: ["columns of equal length", isHistory],
};

function isBounds(value: unknown): boolean {
  if (value === undefined) return true;
  const { baseLr, maxLr } = Object(value) as Record<string, unknown>;
  return Number.isFinite(baseLr) && Number.isFinite(maxLr);
}

function isHistory(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const columns = Object.values(value);
  const length = columns[0]?.length;
  return ["iterations", "val_acc", "loss"].every((name) =>
    Object.hasOwn(value, name)
  ) &&
    columns.every((column) =>
      Array.isArray(column) && column.length === length &&
      column.every(isRecorded)
    );
}

function read(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (holder, name) =>
      typeof holder === "object" && holder !== null &&
        Object.hasOwn(holder, name)
        ? (holder as Record<string, unknown>)[name]
        : undefined,
    value,
  );
}

/**
 * A result as it came from JSON; its file may have been edited.
 *
 * @throws {SyntaxError} If it lacks something that the report reads.
 */
export function checkResult(path: string, value: unknown): RowResult {
  for (const [field, [must, holds]] of Object.entries(RULES)) {
    const found = read(value, field);
    if (holds(found)) continue;
    throw new SyntaxError(
      `Cannot read ${path} as its ${field} must be ${must}: current value is ${
        JSON.stringify(found)?.slice(0, 80)
      }`,
    );
  }
  const result = value as RowResult;
  const number = (value: unknown) => value === null ? NaN : Number(value);
  return {
    ...result,
    accuracy: number(result.accuracy),
    epochHistory: Object.fromEntries(
      Object.entries(result.epochHistory).map((
        [name, values],
      ) => [name, Array.from(values, number)]),
    ) as unknown as RowResult["epochHistory"],
  };
}
