import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  historyChart,
  rangeChart,
  scheduleChart,
  toHtml,
} from "@clr/clr/plots";
import { exampleRange, exampleRun } from "./_data.ts";

/** What the page's own markup and style refer to; its scripts are left out. */
export function references(html: string): string[] {
  const markup = html.replaceAll(/<script[^>]*>.*?<\/script>/gs, "");
  return [...markup.matchAll(/(?:src=|href=|url\(|@import )["']?([^"')\s]+)/g)]
    .map(([, address]) => address)
    .filter((address) => !/^(data:|#)/.test(address));
}

Deno.test("toHtml() makes one file that needs no other", async () => {
  const html = await toHtml([
    rangeChart(exampleRange()),
    historyChart(exampleRun()),
  ]);
  assertEquals(references(html), []);
  assert(html.length < 1_500_000);
  assertEquals(html.match(/<figure /g)?.length, 2);
});

Deno.test("toHtml() gives the same bytes each time", async () => {
  const make = () => toHtml([rangeChart(exampleRange())], { title: "a" });
  assertEquals(await make(), await make());
});

Deno.test("toHtml() escapes what people write into titles", async () => {
  const title = "</script><script>alert(1)</script>";
  const html = await toHtml([scheduleChart(() => 1, 10, { title })], { title });
  assertEquals(html.includes("<script>alert"), false);
  assertStringIncludes(html, "<title>&lt;/script&gt;");
  const data = /<script type="application\/json" id="charts">(.*?)<\/script>/s
    .exec(html)![1];
  assertEquals(JSON.parse(data)[0].title.text.join(" "), title);
});
