import * as tf from "@tensorflow/tfjs";
import { show } from "../../runtime/check_data.ts";
import { checkKind } from "../../runtime/check_given.ts";
import { isRecord } from "../../runtime/records.ts";

/** Throws unless these are quantities by their names, as far as one sees. */
export function checkLogs(action: string, logs: unknown): void {
  checkKind(
    action,
    {
      name: "they",
      value: logs,
      must: "an object of numbers by their names, such as { loss }",
    },
    isRecord(logs) && !(logs instanceof tf.Tensor),
  );
}

/** Throws unless `value`, which is no number, is a tensor of one. */
export function checkScalar(name: string, value: unknown): void {
  if (value instanceof tf.Tensor && value.size === 1) return;
  throw new TypeError(
    `Cannot record ${name} as it must be a number or a tensor of one number: current value is ${
      value instanceof tf.Tensor
        ? `a tensor of shape [${value.shape}]`
        : show(value)
    }`,
  );
}
