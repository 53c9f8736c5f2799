/** The rules of tfjs's optimizers, over pieces of weights. */
import {
  add,
  type Code,
  i32,
  loadI32,
  type Local,
  mul,
  v128,
} from "./_assembler.ts";
import type { FunctionBuilder } from "./_function_builder.ts";
import { eachColumn, kernelFunction } from "./_kernel.ts";

/** The most slots that a rule has. */
export const MOST_SLOTS = 3;
/**
 * A piece in the table: where its value, gradient and slots are read, where its
 * new value and slots go, and how many numbers it has.
 */
export const PIECE_WORDS = 2 * (1 + MOST_SLOTS) + 2;

/** The vectors that a rule computes with. */
interface Vectors {
  readonly value: Code;
  readonly gradient: Local;
  /** Slots, which the rule sets to their new values. */
  readonly slots: readonly Local[];
  readonly constants: readonly Code[];
  /** For a result in between. */
  readonly temporary: Local;
}

interface Rule {
  readonly slots: number;
  /** Scalars and constants together. */
  readonly constants: number;
  /** Sets the slots, then gives the new value. */
  update(vectors: Vectors): [slots: Code, value: Code];
}

const { add: plus, sub: minus, mul: times, div: over, sqrt } = v128;

function square(x: Code): Code {
  return times(x, x);
}

const momentum = (nesterov: boolean): Rule => ({
  slots: 1,
  constants: 2,
  update: ({ value, gradient, slots: [a], constants: [rate, m] }) => [
    a.set(plus(times(m, a.get), gradient.get)),
    plus(
      times(
        rate,
        nesterov ? plus(gradient.get, times(a.get, m)) : a.get,
      ),
      value,
    ),
  ],
});

const rmsprop = (centered: boolean): Rule => ({
  slots: centered ? 3 : 2,
  constants: 5,
  update: ({ value, gradient, slots: [s, a, mean], constants: c }) => [
    [
      s.set(plus(times(s.get, c[0]), times(square(gradient.get), c[1]))),
      centered
        ? mean.set(plus(times(mean.get, c[0]), times(gradient.get, c[1])))
        : [],
      a.set(
        plus(
          times(a.get, c[2]),
          over(
            times(gradient.get, c[3]),
            sqrt(
              centered
                ? plus(
                  v128.max(minus(s.get, square(mean.get)), v128.zero),
                  c[4],
                )
                : plus(s.get, c[4]),
            ),
          ),
        ),
      ),
    ],
    minus(value, a.get),
  ],
});

/** The rules by the names of their compute kernels; fused/optimizers.ts has
 * their formulas. Each operation is rounded, as in tfjs. */
export const updateRules = {
  sgdUpdate: {
    slots: 0,
    constants: 1,
    update: ({ value, gradient, constants: [rate] }) => [
      [],
      plus(times(rate, gradient.get), value),
    ],
  },
  momentumUpdate: momentum(false),
  nesterovUpdate: momentum(true),
  adagradUpdate: {
    slots: 1,
    constants: 2,
    update: ({ value, gradient, slots: [a], constants: [epsilon, rate] }) => [
      a.set(plus(a.get, square(gradient.get))),
      plus(
        times(over(gradient.get, sqrt(plus(a.get, epsilon))), rate),
        value,
      ),
    ],
  },
  adadeltaUpdate: {
    slots: 2,
    constants: 4,
    update: (
      { value, gradient, slots: [a, u], constants: c, temporary: step },
    ) => [
      [
        step.set(
          times(
            over(sqrt(plus(u.get, c[2])), sqrt(plus(a.get, c[2]))),
            gradient.get,
          ),
        ),
        a.set(plus(times(a.get, c[0]), times(square(gradient.get), c[1]))),
        u.set(plus(times(u.get, c[0]), times(square(step.get), c[1]))),
      ],
      plus(times(step.get, c[3]), value),
    ],
  },
  adamUpdate: {
    slots: 2,
    constants: 8,
    update: ({ value, gradient, slots: [m, v], constants: c }) => [
      [
        m.set(plus(times(m.get, c[2]), times(gradient.get, c[3]))),
        v.set(plus(times(v.get, c[4]), times(square(gradient.get), c[5]))),
      ],
      plus(
        times(
          over(
            over(m.get, c[0]),
            plus(sqrt(over(v.get, c[1])), c[6]),
          ),
          c[7],
        ),
        value,
      ),
    ],
  },
  adamaxUpdate: {
    slots: 2,
    constants: 5,
    update: ({ value, gradient, slots: [m, u], constants: c }) => [
      [
        m.set(plus(times(m.get, c[1]), times(gradient.get, c[2]))),
        u.set(v128.max(times(u.get, c[3]), v128.abs(gradient.get))),
      ],
      plus(times(c[0], over(m.get, plus(u.get, c[4]))), value),
    ],
  },
  rmspropUpdate: rmsprop(false),
  centeredRmspropUpdate: rmsprop(true),
} as const satisfies Record<string, Rule>;

/** The name of a rule's compute kernel. */
export type UpdateRule = keyof typeof updateRules;

/** One pass over the pieces of all weights by a rule. */
export function update(name: UpdateRule): FunctionBuilder {
  const rule: Rule = updateRules[name];
  return kernelFunction(name, (f, args, chunk) => {
    const [piece, count] = f.locals("i32", 2);
    const from = f.locals("i32", 2 + rule.slots);
    const to = f.locals("i32", 1 + rule.slots);
    const constants = f.locals("v128", rule.constants);
    const slots = f.locals("v128", rule.slots);
    const [gradient, temporary] = f.locals("v128", 2);
    const word = (index: number) => loadI32(piece.get, 4 * index);
    return [
      piece.set(
        add(args.table.get, mul(chunk.get, i32(4 * PIECE_WORDS))),
      ),
      from.map((address, i) => address.set(word(i))),
      to.map((address, i) => address.set(word(2 + MOST_SLOTS + i))),
      count.set(word(PIECE_WORDS - 1)),
      constants.map((constant, i) =>
        constant.set(v128.splat(args.constants.get, 4 * i))
      ),
      eachColumn(f, count, (offset, load, store) => {
        const at = (address: Local) => add(address.get, offset.get);
        const [change, value] = rule.update({
          value: load(at(from[0])),
          gradient,
          slots,
          constants: constants.map((constant) => constant.get),
          temporary,
        });
        return [
          gradient.set(load(at(from[1]))),
          slots.map((slot, i) => slot.set(load(at(from[2 + i])))),
          change,
          store(at(to[0]), value),
          slots.map((slot, i) => store(at(to[1 + i]), slot.get)),
        ];
      }),
    ];
  });
}
