import denoJson from "../../deno.json" with { type: "json" };

/** The version of this package, for what programs write down. */
export const VERSION: string = denoJson.version;
