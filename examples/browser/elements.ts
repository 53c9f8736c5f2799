/// <reference lib="dom" />

/** What is done with elements of the page, by their selectors. */

/** The element, which the page has. */
export function element<Kind extends HTMLElement>(selector: string): Kind {
  const found = document.querySelector<Kind>(selector);
  if (found === null) throw new Error(`The page has no ${selector}`);
  return found;
}

/** Shows the element, or hides it. */
export function show(selector: string, isShown = true): void {
  element(selector).hidden = !isShown;
}

/** Puts a text in the element. */
export function say(selector: string, text: string): void {
  element(selector).textContent = text;
}

/** Has the button of a section offer `value` as a file of JSON. */
export function offer(selector: string, name: string, value: unknown): void {
  const button = element<HTMLButtonElement>(`${selector} .save`);
  button.hidden = false;
  button.onclick = () => {
    const link = document.createElement("a");
    const json = JSON.stringify(value, null, 2);
    link.href = URL.createObjectURL(
      new Blob([json], { type: "application/json" }),
    );
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
}
