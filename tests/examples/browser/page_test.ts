/** The page that finds a learning rate, in Chromium. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Buffer } from "node:buffer";
import { CyclicLR, LearningRateRange } from "@clr/clr";
import { buildPage } from "../../../examples/browser/build.ts";
import {
  type Browser,
  browserTest,
  type Page,
  watchedPage,
} from "../../plots/_chromium.ts";
import { sharedFolder, withFolder } from "../../_folder.ts";
import { serveFolder } from "../../runtime/_static_server.ts";

const built = sharedFolder(buildPage);

/** Opens the page, which is to ask for nothing but its own files. */
async function onPage(
  browser: Browser,
  test: (page: Page) => Promise<void>,
): Promise<void> {
  await using server = serveFolder(await built());
  const { page, complaints, requests } = await watchedPage(browser);
  await page.goto(server.url);
  await test(page);
  assertEquals(complaints, []);
  const foreign = requests.filter((url) =>
    !url.startsWith(server.url) && !url.startsWith("blob:")
  );
  assertEquals(foreign, []);
  await page.close();
}

/** Waits for the run's end; gives its state. */
async function ended(page: Page): Promise<string> {
  await page.waitForSelector("#start:enabled");
  return await page.locator("#state").innerText();
}

/** What a button offers as a file. */
async function download(page: Page, button: string): Promise<string> {
  const [offered] = await Promise.all([
    page.waitForEvent("download"),
    page.click(button),
  ]);
  return await Deno.readTextFile(await offered.path());
}

async function waitFor(what: string, isSo: () => boolean): Promise<void> {
  for (let i = 0; !isSo(); i++) {
    assert(i < 400, what);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

browserTest(
  "the page tests rates and trains to the end, and gives what it found",
  (browser) =>
    onPage(browser, async (page) => {
      // By keys alone: to the second problem, and on to the epochs.
      await page.focus("input[value=digits]");
      await page.keyboard.press("ArrowDown");
      assert(await page.isChecked("input[value=spirals]"));
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.type("8");
      assertEquals(await page.inputValue("#epochs"), "8");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#stop:enabled");

      assertEquals(await ended(page), "Done");
      assertMatch(
        await page.locator("#facts").innerText(),
        /^1,500 points on three spirals, 3 classes · .* weights · wasm: WASM SIMD, 1 thread$/,
      );
      await page.waitForSelector("#training figure svg");
      assertEquals(await page.locator("figure svg").count(), 2);
      assertMatch(
        await page.locator("#training .words").innerText(),
        /^(9\d|100)\.\d % of what it was not trained on is right after 8 epochs\.$/,
      );

      const range = LearningRateRange.fromJSON(
        await download(page, "#range .save"),
      );
      assertEquals(range.verdict, "good");
      const shown = await page.locator("#bounds dd").allInnerTexts();
      assertEquals(shown, [
        String(Number(range.baseLr!.toPrecision(3))),
        String(Number(range.maxLr!.toPrecision(3))),
        "good",
      ]);
      const { history, epochHistory } = JSON.parse(
        await download(page, "#training .save"),
      );
      // 1,200 points in batches of 32, eight times.
      assertEquals(history.loss.length, 38 * 8);
      assertEquals(epochHistory.val_acc.length, 8);
      const clr = CyclicLR.fromRange(range, { epochs: 8, mode: "triangular2" });
      assertEquals(
        history.lr,
        history.lr.map((_: number, i: number) => clr.at(i)),
      );
      const code = await page.locator("#code code").innerText();
      assertMatch(code, /import \{ CyclicLR \} from "@clr\/clr";/);
      assert(code.includes(`stepSize: ${clr.options.stepSize},`), code);
      // With the run, its worker ended.
      await waitFor("the worker has not ended", () =>
        page.workers().length === 0);
    }),
);

browserTest(
  "the page takes a file, and says what is wrong with one",
  (browser) =>
    onPage(browser, (page) =>
      withFolder(async (folder) => {
        const file = join(folder, "flowers.csv");
        const rows = Array.from({ length: 120 }, (_, i) => {
          const kind = i % 3;
          return `${kind + (i % 7) / 10},${2 * kind - (i % 5) / 5},${
            ["rose", "ivy", "moss"][kind]
          }`;
        });
        await page.check("#own input");
        await Deno.writeTextFile(file, [...rows, "1,two,ivy"].join("\n"));
        await page.setInputFiles("#file", file);
        await page.waitForSelector("#error:not([hidden])");
        const error = await page.locator("#error").innerText();
        assertEquals(
          error,
          'Cannot read the data as line 121, column 2 must be a number: current value is "two"',
        );
        // Trying it all the same comes to the same.
        await page.click("#start");
        assertEquals(await ended(page), "It failed");
        assertEquals(await page.locator("#error").innerText(), error);

        const mended = join(folder, "mended.csv");
        await Deno.writeTextFile(mended, ["a,b,kind", ...rows].join("\n"));
        await page.setInputFiles("#file", mended);
        await page.waitForSelector(
          "#file-name:text-is('mended.csv: 120 rows of 2 numbers, 3 classes')",
        );
        assert(await page.locator("#error").isHidden());

        // One that is dropped takes its place.
        await page.check("input[value=digits]");
        const dropped = await page.evaluateHandle(`(() => {
        const transfer = new DataTransfer();
        const text = ${JSON.stringify(rows.slice(0, 60).join("\n"))};
        transfer.items.add(new File([text], "dropped.csv"));
        return transfer;
      })()`);
        await page.dispatchEvent("main", "drop", { dataTransfer: dropped });
        await page.waitForSelector(
          "#file-name:has-text('dropped.csv: 60 rows')",
        );
        assert(await page.isChecked("#own input"));
        await page.setInputFiles("#file", mended);
        await page.waitForSelector(
          "#file-name:has-text('mended.csv: 120 rows')",
        );

        await page.fill("#epochs", "2");
        await page.click("#start");
        assertMatch(
          await ended(page),
          /^(Done|No training, as there are no bounds)$/,
        );
        assertMatch(
          await page.locator("#facts").innerText(),
          /^120 rows of 2 numbers, 3 classes · two layers of 32 units/,
        );
        assert((await page.locator("#bounds dd").allInnerTexts()).length === 3);
      })),
);

browserTest(
  "stopping ends the page's worker, and so does closing the page",
  (browser) =>
    onPage(browser, async (page) => {
      // More than is trained on before it is stopped, however busy the machine.
      const rows = Array.from(
        { length: 20_000 },
        (_, i) => `${i % 7},${i % 5},${i % 7 > 3 ? "ivy" : "moss"}`,
      );
      await page.check("#own input");
      await page.setInputFiles("#file", {
        name: "long.csv",
        mimeType: "text/csv",
        buffer: Buffer.from(rows.join("\n")),
      });
      const begin = async () => {
        await page.fill("#epochs", "200");
        // A picture of the run before may still be there: it tells of no worker.
        const [worker] = await Promise.all([
          page.waitForEvent("worker"),
          page.click("#start"),
        ]);
        await page.waitForSelector("#range figure svg");
        let isClosed = false;
        worker.on("close", () => isClosed = true);
        return () => isClosed;
      };
      const stopped = await begin();
      await page.click("#stop");
      assertEquals(await page.locator("#state").innerText(), "Stopped");
      await waitFor("it goes on after it was stopped", stopped);
      // What it came to by then remains.
      assertEquals(await page.locator("#range figure svg").count(), 1);

      const closed = await begin();
      await page.close();
      await waitFor("it goes on after the page was closed", closed);
    }),
);

browserTest(
  "the page fits a phone, and is dark on a dark screen",
  (browser) =>
    onPage(browser, async (page) => {
      await page.setViewportSize({ width: 390, height: 800 });
      await page.emulateMedia({ colorScheme: "dark" });
      await page.check("input[value=curve]");
      await page.fill("#epochs", "4");
      await page.click("#start");
      assertEquals(await ended(page), "Done");
      await page.waitForSelector("#training figure svg");
      const [scroll, background, text] = await page.evaluate(`[
        document.documentElement.scrollWidth,
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector("#training svg text")).fill,
      ]`) as [number, string, string];
      assertEquals(scroll, 390);
      assertEquals(background, "rgb(20, 24, 29)");
      assertMatch(text, /^rgb\((238, 241, 244|169, 180, 192)\)$/);
      // Not shrunk: text of charts is as large as it is meant.
      const shrunk = await page.locator("figure svg").evaluateAll((all) =>
        all.map((svg) => {
          const { width } = (svg as unknown as {
            getBoundingClientRect(): { width: number };
          }).getBoundingClientRect();
          const own = (svg as unknown as {
            getAttribute(name: string): string;
          }).getAttribute("width");
          return width / Number(own);
        })
      );
      for (const scale of shrunk) assert(scale > 0.95, `${shrunk}`);
    }),
);
