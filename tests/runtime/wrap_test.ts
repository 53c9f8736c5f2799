import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { wrap } from "../../src/runtime/wrap.ts";

Deno.test("wrap() breaks at spaces, and no line is too wide", () => {
  const word = fc.stringMatching(/^[a-z]{1,9}$/);
  fc.assert(fc.property(
    fc.array(word, { minLength: 1, maxLength: 30 }),
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom(1, 2.5),
    (words, width, each) => {
      const text = words.join(" ");
      const measure = (line: string) => each * line.length;
      const lines = wrap(text, width, measure);
      assertEquals(lines.join(" "), text);
      lines.forEach((line, i) => {
        assert(measure(line) <= width || !line.includes(" "), line);
        // The next word would not have fitted.
        const [next] = lines[i + 1]?.split(" ") ?? [];
        assert(next === undefined || measure(`${line} ${next}`) > width);
      });
    },
  ));
});

Deno.test("wrap() counts characters where no measure is given", () => {
  assertEquals(wrap("aa bb cc", 5), ["aa bb", "cc"]);
  assertEquals(wrap("unbreakable", 3), ["unbreakable"]);
  assertEquals(wrap("", 3), [""]);
});
