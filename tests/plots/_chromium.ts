import { type Browser, chromium, type Page } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

function installed(): string | undefined {
  return PATHS.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** What a page complained of, and what it asked for over a network. */
export interface Watched {
  readonly page: Page;
  readonly complaints: string[];
  readonly requests: string[];
}

/** Opens a page that is watched. */
export async function watchedPage(browser: Browser): Promise<Watched> {
  const page = await browser.newPage({
    viewport: { width: 1000, height: 900 },
  });
  // No claim on how fast this machine is, which may be busy.
  page.setDefaultTimeout(300_000);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  return { page, complaints, requests };
}

export type { Browser, Page };

/**
 * A test in Debian's Chromium; without it, it says that it was skipped.
 *
 * @param flags Of Chromium, beside those that it needs everywhere.
 */
export function browserTest(
  name: string,
  test: (browser: Browser) => Promise<void>,
  flags: readonly string[] = [],
): void {
  const executablePath = installed();
  Deno.test({
    name: executablePath ? name : `${name} (skipped: no ${PATHS.join(", ")})`,
    ignore: executablePath === undefined,
    // The library that drives the browser keeps timers and pipes of its own.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const browser = await chromium.launch({
        executablePath,
        // As root, which continuous integration often is, it has no sandbox.
        args: ["--no-sandbox", ...flags],
      });
      try {
        await test(browser);
      } finally {
        await browser.close();
      }
    },
  });
}
