/**
 * A small WebAssembly assembler: just the instructions that the compute kernels
 * use. Expressions are nested byte lists, so that a kernel reads like the loop
 * that it is and needs no compiler to build.
 */

/** Encoded instructions. */
export type Code = readonly (number | Code)[];

/** An expression or statement that reads or writes a local variable. */
export interface Local {
  readonly get: Code;
  /** Assigns the value of an expression. */
  set(value: Code): Code;
  /** Adds a constant or an expression to an integer local. */
  add(amount: Code | number): Code;
}

export function unsigned(value: number): number[] {
  const bytes = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) | (rest > 0 ? 128 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes = [];
  for (;;) {
    const byte = value & 127;
    value >>= 7;
    const done = (value === 0 && !(byte & 64)) || (value === -1 && byte & 64);
    bytes.push(done ? byte : byte | 128);
    if (done) return bytes;
  }
}

export function flatten(code: Code, bytes: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === "number") bytes.push(part);
    else flatten(part, bytes);
  }
  return bytes;
}

/** A 32-bit integer constant. */
export function i32(value: number): Code {
  return [0x41, ...signed(value | 0)];
}

function binary(opcode: number): (a: Code, b: Code) => Code {
  return (a, b) => [a, b, opcode];
}

export const add = binary(0x6a);
export const sub = binary(0x6b);
export const mul = binary(0x6c);
export const divide = binary(0x6e);
export const remainder = binary(0x70);
export const bitAnd = binary(0x71);
export const shiftLeft = binary(0x74);
export const equal = binary(0x46);
export const different = binary(0x47);
export const less = binary(0x48);
export const greater = binary(0x4a);
export const atLeast = binary(0x4e);

/** The smaller of two signed integers; both are evaluated twice. */
export function smaller(a: Code, b: Code): Code {
  return [a, b, less(a, b), 0x1b];
}

/** The larger of two signed integers; both are evaluated twice. */
export function larger(a: Code, b: Code): Code {
  return [a, b, greater(a, b), 0x1b];
}

function memoryAccess(prefix: number[], align: number) {
  return (address: Code, offset = 0): Code => [
    address,
    ...prefix,
    align,
    ...unsigned(offset),
  ];
}

export const loadI32 = memoryAccess([0x28], 2);
/** Stores an integer. */
export function storeI32(address: Code, value: Code, offset = 0): Code {
  return [address, value, 0x36, 2, ...unsigned(offset)];
}

/** Copies `size` bytes. */
export function copyBytes(to: Code, from: Code, size: Code): Code {
  return [to, from, size, 0xfc, 0x0a, 0, 0];
}

/** Sets `size` bytes to zero. */
export function zeroBytes(at: Code, size: Code): Code {
  return [at, i32(0), size, 0xfc, 0x0b, 0];
}

/** Repeats the body while the condition holds, checked first. */
export function loopWhile(condition: Code, ...body: Code): Code {
  return [
    [0x02, 0x40, 0x03, 0x40],
    condition,
    [0x45, 0x0d, 1],
    body,
    [0x0c, 0, 0x0b, 0x0b],
  ];
}

/** Repeats the body at least once, as long as the condition holds after it. */
export function loopUntilNot(condition: Code, ...body: Code): Code {
  return [[0x03, 0x40], body, condition, [0x0d, 0, 0x0b]];
}

/** Runs the body if the condition holds. */
export function when(condition: Code, ...body: Code): Code {
  return [condition, [0x04, 0x40], body, 0x0b];
}

/** Runs one of two bodies. */
export function either(condition: Code, then: Code, otherwise: Code): Code {
  return [condition, [0x04, 0x40], then, 0x05, otherwise, 0x0b];
}

/** Calls a function of this module by its index. */
export function call(index: number, ...args: Code): Code {
  return [args, 0x10, ...unsigned(index)];
}

/** Drops a result that is not needed. */
export function drop(value: Code): Code {
  return [value, 0x1a];
}

function simd(opcode: number): number[] {
  return [0xfd, ...unsigned(opcode)];
}

function vectorBinary(opcode: number): (a: Code, b: Code) => Code {
  return (a, b) => [a, b, ...simd(opcode)];
}

function vectorUnary(opcode: number): (a: Code) => Code {
  return (a) => [a, ...simd(opcode)];
}

const float = new DataView(new ArrayBuffer(4));

function bitsOf(value: number): number {
  float.setFloat32(0, value);
  return float.getInt32(0);
}

/** Instructions on vectors of four 32-bit lanes. */
export const v128 = {
  zero: [...simd(12), ...Array(16).fill(0)],
  load: memoryAccess(simd(0), 2),
  /** Loads one float into every lane. */
  splat: memoryAccess(simd(9), 2),
  /** Loads one float into the first lane. */
  loadOne: memoryAccess(simd(92), 2),
  store: (address: Code, value: Code, offset = 0): Code => [
    address,
    value,
    ...simd(11),
    2,
    ...unsigned(offset),
  ],
  storeLane: (
    address: Code,
    value: Code,
    lane: number,
    offset = 0,
  ): Code => [address, value, ...simd(90), 2, ...unsigned(offset), lane],
  /** Lanes 0 to 3 of `a` and 4 to 7 of `b`, in any order. */
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [
    a,
    b,
    ...simd(13),
    ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
  ],
  /** Zero in every lane but the first. */
  firstLane: (value: Code): Code =>
    v128.and(value, [...simd(12), 255, 255, 255, 255, ...Array(12).fill(0)]),
  splatI32: (value: Code): Code => [value, ...simd(17)],
  /** One float in every lane. */
  constant: (value: number): Code => v128.constantBits(bitsOf(value)),
  /** The bits of one lane in every lane. */
  constantBits: (bits: number): Code => [
    ...simd(12),
    ...[0, 1, 2, 3].flatMap(() => [
      bits & 255,
      (bits >> 8) & 255,
      (bits >> 16) & 255,
      (bits >> 24) & 255,
    ]),
  ],
  equalI32: vectorBinary(55),
  equal: vectorBinary(65),
  different: vectorBinary(66),
  less: vectorBinary(67),
  greater: vectorBinary(68),
  atMost: vectorBinary(69),
  atLeast: vectorBinary(70),
  not: vectorUnary(77),
  and: vectorBinary(78),
  /** Bits of `a` that are not in `b`. */
  andNot: vectorBinary(79),
  or: vectorBinary(80),
  /** Lanes of `a` where the mask is set, of `b` elsewhere. */
  select: (a: Code, b: Code, mask: Code): Code => [a, b, mask, ...simd(82)],
  /** Shifts each lane's bits by a number of places. */
  shiftLeft: (value: Code, places: number): Code => [
    value,
    i32(places),
    ...simd(171),
  ],
  /** The same to the right, filled with the sign. */
  shiftRight: (value: Code, places: number): Code => [
    value,
    i32(places),
    ...simd(172),
  ],
  addI32: vectorBinary(174),
  subI32: vectorBinary(177),
  floor: vectorUnary(104),
  nearest: vectorUnary(106),
  abs: vectorUnary(224),
  neg: vectorUnary(225),
  sqrt: vectorUnary(227),
  add: vectorBinary(228),
  sub: vectorBinary(229),
  mul: vectorBinary(230),
  div: vectorBinary(231),
  min: vectorBinary(232),
  max: vectorBinary(233),
  /** b where it is less than a, else a: one instruction, and NaN in a stays. */
  atMostOf: vectorBinary(234),
  /** b where it is greater than a, else a. */
  atLeastOf: vectorBinary(235),
  /** a · b + c in one rounding; needs the relaxed SIMD extension. */
  fusedMulAdd: (a: Code, b: Code, c: Code): Code => [a, b, c, ...simd(0x105)],
};

/** Four integers as floats. */
export const convertI32 = vectorUnary(250);
/** Four floats as integers, cut off at the ends of their range. */
export const truncate = vectorUnary(248);

/** Instructions on shared memory. */
export const atomic = {
  load: (address: Code, offset = 0): Code => [
    address,
    0xfe,
    0x10,
    2,
    ...unsigned(offset),
  ],
  store: (address: Code, value: Code, offset = 0): Code => [
    address,
    value,
    0xfe,
    0x17,
    2,
    ...unsigned(offset),
  ],
  /** Adds and gives the value from before. */
  fetchAdd: (address: Code, value: Code, offset = 0): Code => [
    address,
    value,
    0xfe,
    0x1e,
    2,
    ...unsigned(offset),
  ],
  /** Sleeps until notified, unless the value is no longer the expected one. */
  wait: (address: Code, expected: Code, offset = 0): Code => [
    address,
    expected,
    [0x42, 0x7f],
    0xfe,
    0x01,
    2,
    ...unsigned(offset),
    0x1a,
  ],
  /** Wakes all that sleep on the address. */
  notify: (address: Code, offset = 0): Code => [
    address,
    i32(-1),
    0xfe,
    0x00,
    2,
    ...unsigned(offset),
    0x1a,
  ],
};
