/** What the page and its worker say to each other. */

import type { LearningRateRangeData } from "@clr/clr";
import type { HistoryColumns } from "@clr/clr/plots";

/** A problem that needs no file. */
export type BuiltIn = "digits" | "spirals" | "curve";

/** What the person chose. */
export interface Job {
  /** A built-in problem, or the text and name of a CSV file. */
  readonly data: BuiltIn | { readonly name: string; readonly text: string };
  readonly backend: "auto" | "webgpu" | "wasm";
  readonly optimizer: "adam" | "momentum";
  readonly epochs: number;
}

/** What the page is told. */
export type Told =
  | {
    readonly type: "data";
    /** Such as "150 rows of 4 numbers, 3 classes". */
    readonly summary: string;
    readonly network: string;
  }
  | {
    readonly type: "backend";
    readonly backend: string;
    readonly device: string;
    readonly reason: string;
  }
  | {
    readonly type: "testing";
    readonly batches: number;
    /** What the losses so far would give, with the bounds left out. */
    readonly range: LearningRateRangeData;
  }
  | { readonly type: "range"; readonly range: LearningRateRangeData }
  | {
    readonly type: "training";
    readonly history: HistoryColumns;
    readonly epochHistory: HistoryColumns;
    readonly iterations: number;
  }
  | {
    readonly type: "done";
    /** How the training ended, in a sentence. */
    readonly result: string;
    readonly code: string;
  }
  | { readonly type: "failed"; readonly message: string };
