import {
  backend_util,
  type BinaryInputs,
  type ClipByValueAttrs,
  type ClipByValueInputs,
  type KernelConfig,
  type LeakyReluAttrs,
  type StepAttrs,
  type UnaryInputs,
  util,
} from "@tensorflow/tfjs";
import { broadcastOffsets } from "../kernels/broadcast_offsets.ts";
import type { BinaryOp, UnaryOp } from "./compute/_elementwise.ts";
import { addressOf, Compute } from "./compute/compute.ts";
import {
  broadcastShape,
  computeBinary,
  computeUnary,
} from "./compute/elementwise.ts";
import { deferredRelu } from "./_deferred.ts";
import {
  type BackendWasm,
  callKernel,
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** A function of each value of a float tensor, as a new one. */
export function unary(
  backend: BackendWasm,
  op: UnaryOp,
  { x, numbers }: {
    readonly x: TensorInfo;
    readonly numbers?: readonly [number, number?];
  },
): TensorInfo {
  const out = backend.makeOutput(x.shape, "float32");
  computeUnary(Compute.of(backend), op, {
    x: addressOf(backend, x),
    out: addressOf(backend, out),
    length: util.sizeFromShape(x.shape),
    numbers,
  });
  return out;
}

function unaryKernel<Attrs extends object>(
  name: string,
  op: UnaryOp,
  numbers?: (attrs: Attrs) => readonly [number, number?],
): KernelConfig {
  return wasmKernel(
    name,
    ({ inputs: { x }, attrs, backend }: KernelCall<UnaryInputs, Attrs>) =>
      x.dtype === "float32"
        ? unary(backend, op, { x, numbers: numbers?.(attrs) })
        : callKernel(backend, name, { inputs: { x }, attrs }),
  );
}

/** The same of whole numbers as such, which the backend's own takes for floats. */
function wholeUnaryKernel(
  name: string,
  op: UnaryOp,
  whole: (value: number) => number,
): KernelConfig {
  return wasmKernel(
    name,
    ({ inputs: { x }, attrs, backend }: KernelCall<UnaryInputs, object>) => {
      if (x.dtype === "float32") return unary(backend, op, { x });
      if (x.dtype !== "int32") {
        return callKernel(backend, name, { inputs: { x }, attrs });
      }
      const out = backend.makeOutput(x.shape, "int32");
      const from = backend.typedArrayFromHeap(x);
      backend.typedArrayFromHeap(out).set(from.map((value) => whole(value)));
      return out;
    },
  );
}

/** A function of two float tensors, which are broadcast, as a new one. */
export function binary(
  backend: BackendWasm,
  op: BinaryOp,
  { a, b }: { readonly a: TensorInfo; readonly b: TensorInfo },
): TensorInfo {
  const shape = broadcastShape(a.shape, b.shape);
  const out = backend.makeOutput(shape, "float32");
  const operand = (tensor: TensorInfo) => ({
    address: addressOf(backend, tensor),
    shape: tensor.shape,
  });
  computeBinary(Compute.of(backend), op, {
    a: operand(a),
    b: operand(b),
    out: addressOf(backend, out),
    shape,
  });
  return out;
}

function binaryKernel(name: string, op: BinaryOp): KernelConfig {
  return wasmKernel(
    name,
    (
      { inputs: { a, b }, attrs, backend }: KernelCall<BinaryInputs, object>,
    ) => {
      const floats = a.dtype === "float32" && b.dtype === "float32";
      const result = floats ? binary(backend, op, { a, b }) : undefined;
      return result ?? callKernel(backend, name, { inputs: { a, b }, attrs });
    },
  );
}

/** A gradient kernel of our own, which gradients/fast_gradients.ts calls. */
function gradientKernel(name: string, op: BinaryOp): KernelConfig {
  return wasmKernel(
    name,
    ({ inputs: { dy, y }, backend }: KernelCall<
      { dy: TensorInfo; y: TensorInfo },
      object
    >) => binary(backend, op, { a: dy, b: y }),
  );
}

/** Values cut off below 0, in one pass with what gives them where it can be. */
const reluKernel = wasmKernel(
  "Relu",
  ({ inputs: { x }, attrs, backend }: KernelCall<UnaryInputs, object>) => {
    if (x.dtype !== "float32") {
      return callKernel(backend, "Relu", { inputs: { x }, attrs });
    }
    const fused = deferredRelu(backend, x);
    return fused ? fused() : unary(backend, "relu", { x });
  },
);

/** Values cut off at both ends. The backend's own kernel takes whole numbers for
 * floats, and turns NaN into the lower end. */
const clipByValueKernel = wasmKernel(
  "ClipByValue",
  ({ inputs: { x }, attrs, backend }: KernelCall<
    ClipByValueInputs,
    ClipByValueAttrs
  >) => {
    const { clipValueMin: least, clipValueMax: most } = attrs;
    if (x.dtype === "float32") {
      return unary(backend, "clip", { x, numbers: [least, most] });
    }
    const out = backend.makeOutput(x.shape, x.dtype);
    const from = backend.typedArrayFromHeap(x);
    backend.typedArrayFromHeap(out).set(
      from.map((value) => Math.min(Math.max(value, least), most)),
    );
    return out;
  },
);

/** The backend's own gives what is smaller than 1e-7 no sign. */
const signKernel = wasmKernel(
  "Sign",
  ({ inputs: { x }, backend }: KernelCall<UnaryInputs, object>) => {
    const out = backend.makeOutput(x.shape, x.dtype);
    const from = backend.typedArrayFromHeap(x);
    // NaN has the sign 0 in tfjs.
    backend.typedArrayFromHeap(out).set(
      from.map((value) => Math.sign(value) || 0),
    );
    return out;
  },
);

/** A function of two tensors of whole numbers as such, which floats do not hold. */
function wholeBinaryKernel(
  name: string,
  whole: (a: number, b: number) => number,
): KernelConfig {
  return wasmKernel(
    name,
    (
      { inputs: { a, b }, attrs, backend }: KernelCall<BinaryInputs, object>,
    ) => {
      if (a.dtype !== "int32" || b.dtype !== "int32") {
        return callKernel(backend, name, { inputs: { a, b }, attrs });
      }
      const shape = broadcastShape(a.shape, b.shape);
      const out = backend.makeOutput(shape, "int32");
      const [from, by] = [a, b].map((tensor) => ({
        values: backend.typedArrayFromHeap(tensor),
        offset: broadcastOffsets(tensor.shape, shape),
      }));
      backend.typedArrayFromHeap(out).forEach((_, i, to) =>
        to[i] = whole(from.values[from.offset(i)], by.values[by.offset(i)])
      );
      return out;
    },
  );
}

/**
 * Functions of one value or of two, in vectors and on all threads. The backend's
 * own ones take a value at a time or one thread, and some hide NaN.
 */
export const elementwiseKernels: readonly KernelConfig[] = [
  reluKernel,
  unaryKernel("Relu6", "relu6"),
  unaryKernel<StepAttrs>("Step", "step", ({ alpha }) => [alpha]),
  unaryKernel<LeakyReluAttrs>("LeakyRelu", "leakyRelu", ({ alpha }) => [alpha]),
  clipByValueKernel,
  signKernel,
  wholeUnaryKernel("Square", "square", (x) => Math.imul(x, x)),
  unaryKernel("Sqrt", "sqrt"),
  unaryKernel("Rsqrt", "rsqrt"),
  wholeUnaryKernel("Neg", "neg", (x) => -x),
  wholeUnaryKernel("Abs", "abs", Math.abs),
  unaryKernel("Elu", "elu", () => [1, 1]),
  unaryKernel("Selu", "elu", () => [
    backend_util.SELU_SCALEALPHA / backend_util.SELU_SCALE,
    backend_util.SELU_SCALE,
  ]),
  unaryKernel("Exp", "exp"),
  unaryKernel("Log", "log"),
  unaryKernel("Log1p", "log1p"),
  unaryKernel("Tanh", "tanh"),
  unaryKernel("Sigmoid", "sigmoid"),
  unaryKernel("Softplus", "softplus"),
  binaryKernel("Add", "add"),
  binaryKernel("Sub", "sub"),
  binaryKernel("Multiply", "mul"),
  binaryKernel("RealDiv", "div"),
  wholeBinaryKernel("FloorDiv", (a, b) => Math.floor(a / b)),
  // Of 0 to a power below 0, which is infinite, the backend's own makes -2³¹.
  wholeBinaryKernel("Pow", (a, b) => a === 0 && b < 0 ? 0 : a ** b),
  // tfjs's own ends the program where it divides by 0.
  wholeBinaryKernel("Mod", (a, b) => ((a % b) + b) % b),
  binaryKernel("Maximum", "max"),
  binaryKernel("Minimum", "min"),
  binaryKernel("SquaredDifference", "squaredDifference"),
  gradientKernel("ReluGrad", "reluGrad"),
  gradientKernel("Relu6Grad", "relu6Grad"),
  gradientKernel("EluGrad", "eluGrad"),
  gradientKernel("SigmoidGrad", "sigmoidGrad"),
  gradientKernel("TanhGrad", "tanhGrad"),
];
