/** Imported first by what is Deno's own, so that elsewhere it says so at once. */

import { requireDeno } from "./require_deno.ts";

requireDeno("load this part of @clr/clr");
