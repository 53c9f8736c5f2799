import type { ByHeart } from "./by_heart.ts";
import type { CurveEvidence } from "../curves/bounds.ts";
import type { Circumstances } from "../circumstances/circumstances.ts";
import type { RangeTestSettings } from "../options/settings.ts";

/** What advice is given on. */
export interface About {
  readonly settings: RangeTestSettings;
  readonly evidence: CurveEvidence;
  readonly circumstances?: Circumstances;
  /** Whether training came near the loss of always predicting the same. */
  readonly isNear?: boolean;
  /** Whether weights never changed. */
  readonly isStuck?: boolean;
  /** The lowest rate of short trainings, where all threw the loss far up first. */
  readonly thrownFrom?: number;
  /** The rate at which training diverged, if it did. */
  readonly divergedAt?: number;
  /** Whether the loss had risen at the lowest rates already. */
  readonly hasRisen?: boolean;
  /** Whether it is higher at the highest rates than at the lowest. */
  readonly endsHigher?: boolean;
  /** What training shows that learns its examples by heart. */
  readonly byHeart?: ByHeart;
  /** Whether there is a maximum. */
  readonly hasMax?: boolean;
  /** Whether the losses of the same batches at the first weights are known. */
  readonly isReferenced?: boolean;
}
