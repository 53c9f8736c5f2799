import {
  add,
  type Code,
  flatten,
  i32,
  type Local,
  unsigned,
} from "./_assembler.ts";

/** The types of WebAssembly that are used here, as they are encoded. */
export const valueTypes = { i32: 0x7f, v128: 0x7b };

/** A function under construction; parameters are integers, results none. */
export class FunctionBuilder {
  readonly params: Local[];
  readonly #types: (keyof typeof valueTypes)[] = [];
  readonly #paramCount: number;
  #body: Code = [];

  constructor(paramCount: number) {
    this.#paramCount = paramCount;
    this.params = Array.from({ length: paramCount }, (_, i) => local(i));
  }

  /** Declares a local variable, which starts at zero. */
  local(type: keyof typeof valueTypes): Local {
    return local(this.#paramCount + this.#types.push(type) - 1);
  }

  /** Declares several local variables. */
  locals(type: keyof typeof valueTypes, count: number): Local[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** Sets what the function does. */
  body(...code: Code): this {
    this.#body = code;
    return this;
  }

  get paramCount(): number {
    return this.#paramCount;
  }

  /** The encoded body with its size. */
  encode(): number[] {
    const types = this.#types.flatMap((type) => [1, valueTypes[type]]);
    const bytes = [
      ...unsigned(this.#types.length),
      ...types,
      ...flatten(this.#body),
      0x0b,
    ];
    return [...unsigned(bytes.length), ...bytes];
  }
}

function local(index: number): Local {
  const encoded = unsigned(index);
  const get: Code = [0x20, ...encoded];
  const set = (value: Code): Code => [value, 0x21, ...encoded];
  return {
    get,
    set,
    add: (amount) =>
      set(add(get, typeof amount === "number" ? i32(amount) : amount)),
  };
}
