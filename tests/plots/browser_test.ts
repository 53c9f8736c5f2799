import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  comparisonChart,
  historyChart,
  LivePage,
  rangeChart,
  toReport,
} from "@clr/clr/plots";
import { exampleRange, exampleRun } from "./_data.ts";
import { browserTest, watchedPage } from "./_chromium.ts";

browserTest(
  "the report opens offline, without complaint, and answers to the pointer",
  async (browser) => {
    const file = await Deno.makeTempFile({ suffix: ".html" });
    await Deno.writeTextFile(
      file,
      await toReport({
        title: "A run",
        charts: [rangeChart(exampleRange()), historyChart(exampleRun())],
      }),
    );
    try {
      const { page, complaints, requests } = await watchedPage(browser);
      await page.context().setOffline(true);
      await page.goto(`file://${file}`);
      await page.waitForSelector("#chart-1 svg.marks");
      assertEquals(await page.locator("svg.marks").count(), 2);

      // The middle of the loss of the run.
      await page.locator("#chart-1 svg.marks").scrollIntoViewIfNeeded();
      const box = await page.locator("#chart-1 svg.marks").boundingBox();
      await page.mouse.move(box!.x + box!.width / 2, box!.y + box!.height / 2);
      const tooltip = page.locator("#vg-tooltip-element.visible");
      await tooltip.waitFor();
      const text = await tooltip.innerText();
      for (const part of ["iteration", "learning rate", "loss"]) {
        assertStringIncludes(text, part);
      }

      // Turning the wheel there zooms on the iterations.
      const ticks = () =>
        page.locator("#chart-1 .role-axis-label text").allInnerTexts();
      const before = await ticks();
      await page.mouse.wheel(0, -600);
      for (let i = 0; `${await ticks()}` === `${before}`; i++) {
        assert(i < 100, "The wheel did not zoom.");
        await page.waitForTimeout(50);
      }
      assertEquals(complaints, []);
      assertEquals(requests, [`file://${file}`]);
    } finally {
      await Deno.remove(file);
    }
  },
);

browserTest(
  "the report is dark on a dark screen, and light in print",
  async (browser) => {
    const { page } = await watchedPage(browser);
    const html = await toReport({
      title: "A run",
      charts: [historyChart(exampleRun())],
    });
    await page.setContent(html);
    const title = page.locator("svg.marks .role-title-text text").first();
    const paint = () =>
      title.evaluate((element) =>
        (globalThis as unknown as {
          getComputedStyle(element: unknown): { fill: string };
        }).getComputedStyle(element).fill
      );
    await page.emulateMedia({ colorScheme: "light" });
    assertEquals(await paint(), "rgb(31, 41, 51)");
    await page.emulateMedia({ colorScheme: "dark" });
    assertEquals(await paint(), "rgb(238, 241, 244)");
    await page.emulateMedia({ colorScheme: "dark", media: "print" });
    assertEquals(await paint(), "rgb(31, 41, 51)");
  },
);

browserTest(
  "the report is as wide as a phone, long titles and legends too",
  async (browser) => {
    const { page } = await watchedPage(browser);
    await page.setViewportSize({ width: 390, height: 800 });
    const { history, epochHistory } = exampleRun();
    const names = ["triangular2 between the bounds that were found", "fixed"];
    const html = await toReport({
      title: "A run",
      charts: [
        rangeChart(exampleRange()),
        historyChart(exampleRun(), { origin: "a network ".repeat(20) }),
        comparisonChart(
          names.map((name) => ({ name, history, epochHistory })),
        ),
      ],
    });
    await page.setContent(html);
    await page.waitForSelector("#chart-2 svg.marks");
    const width = () =>
      page.locator("html").evaluate((element) => element.scrollWidth);
    assertEquals(await width(), 390);
    await page.emulateMedia({ media: "print" });
    assertEquals(await page.locator("summary").first().isVisible(), false);
  },
);

browserTest(
  "the live page follows a real training run through a reload to its end",
  async (browser) => {
    await tf.setBackend("cpu");
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: "relu", inputShape: [4] }),
        tf.layers.dense({ units: 3, activation: "softmax" }),
      ],
    });
    model.compile({
      optimizer: tf.train.momentum(0.001, 0.9),
      loss: "categoricalCrossentropy",
      metrics: ["accuracy"],
    });
    const xs = tf.randomNormal([320, 4], 0, 1, "float32", 1);
    const ys = tf.oneHot(xs.argMax(1).mod(tf.scalar(3, "int32")).toInt(), 3);
    const clr = new CyclicLR({ stepSize: 20, maxLr: 0.1 });
    await using live = await LivePage.open({ title: "A run", iterations: 160 });
    const { page, complaints, requests } = await watchedPage(browser);

    const shown = () =>
      page.locator("#chart").evaluate((element) =>
        Number(
          (element as unknown as { dataset: { rows?: string } }).dataset.rows ??
            0,
        )
      );
    const waitForRows = async (least: number) => {
      for (let i = 0; await shown() < least; i++) {
        assert(i < 400, `${await shown()} of ${least} rows are drawn`);
        await page.waitForTimeout(25);
      }
    };
    /** The points of the line that has most. */
    const points = async () => {
      const lines = await page.locator("#chart .mark-line path").all();
      const paths = await Promise.all(
        lines.map((line) => line.getAttribute("d")),
      );
      return Math.max(...paths.map((path) => path!.split("L").length));
    };
    const fit = () =>
      model.fit(xs, ys, {
        batchSize: 8,
        epochs: 1,
        verbose: 0,
        shuffle: false,
        validationData: [xs, ys],
        callbacks: [clr],
      });
    const follow = async () => {
      await fit();
      // Twice a second it looks.
      await page.waitForTimeout(510);
      live.follow(clr);
    };

    await page.goto(live.url);
    await follow();
    await waitForRows(40);
    const saved = clr.toJSON();
    assertEquals(await page.locator("#state").innerText(), "running");
    assertEquals(await points(), 40);
    await follow();
    await waitForRows(80);
    assertEquals(await points(), 80);
    await page.reload();
    await follow();
    await waitForRows(120);
    assertEquals(await points(), 120);
    clr.restore(saved);
    await follow();
    for (let i = 0; await shown() > 80; i++) {
      assert(
        i < 400,
        `${await shown()} rows are drawn of a run that went back`,
      );
      await page.waitForTimeout(25);
    }
    assertEquals(await points(), 80);
    await follow();
    await fit();
    await live.end("Over and done", clr);
    await waitForRows(160);
    await page.waitForSelector("#state[data-state=ended]");
    assertEquals(await page.locator("#state").innerText(), "done");
    assertStringIncludes(
      await page.locator("#message").innerText(),
      "Over and done",
    );
    assertEquals(await page.locator("#iteration").innerText(), "160 of 160");
    assertMatch(await page.title(), /^done/);

    const box = await page.locator("#chart svg.marks").boundingBox();
    await page.mouse.move(box!.x + box!.width / 2, box!.y + box!.height / 2);
    await page.locator("#vg-tooltip-element.visible").waitFor();

    assertEquals(complaints, []);
    assert(requests.every((address) => address.startsWith(live.url)));
    tf.dispose([xs, ys]);
    model.dispose();
  },
);

browserTest(
  "the live page ends its lines where the loss is no longer finite",
  async (browser) => {
    await using live = await LivePage.open({ iterations: 200 });
    for (let i = 1; i <= 200; i++) {
      const lost = i > 100 || (i > 40 && i <= 60);
      live.record({ iterations: i, lr: 0.1, loss: lost ? NaN : 2 - i / 200 });
    }
    await live.end("over");
    const { page, complaints } = await watchedPage(browser);
    await page.goto(live.url);
    await page.waitForSelector("#chart[data-rows='200']");
    const lines = await page.locator("#chart .mark-line path").all();
    const paths = await Promise.all(
      lines.map(async (line) => (await line.getAttribute("d"))!),
    );
    // The rate has one line of 200 points; the loss and its trend break.
    const broken = paths.filter((path) => path.split("M").length === 3);
    assertEquals(broken.length, 2);
    for (const path of broken) {
      assertEquals(path.split(/[ML]/).length - 1, 80);
    }
    assertEquals(complaints, []);
  },
);

browserTest(
  "the live page gives nothing to a page of another origin",
  async (browser) => {
    await using live = await LivePage.open();
    const other = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () =>
        new Response("<!DOCTYPE html><title>other</title>", {
          headers: { "content-type": "text/html" },
        }),
    );
    try {
      const { page } = await watchedPage(browser);
      await page.goto(`http://127.0.0.1:${other.addr.port}/`);
      for (const path of ["", "events", "page.js"]) {
        const got = await page.evaluate(
          (address) =>
            fetch(address).then((answer) => answer.text(), () => "refused"),
          `${live.url}${path}`,
        );
        assertEquals(got, "refused");
      }
    } finally {
      await other.shutdown();
    }
  },
);
