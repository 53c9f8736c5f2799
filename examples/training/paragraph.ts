import { wrap } from "@clr/clr/command";

/** Text in lines that a terminal of 80 columns holds. */
export function paragraph(text: string): string {
  return wrap(text, 80).join("\n");
}
