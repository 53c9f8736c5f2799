/** One event of a stream of server-sent events. */
export interface ServerEvent {
  readonly name: string;
  // deno-lint-ignore no-explicit-any -- whatever the server sent
  readonly data: any;
}

/** Reads server-sent events one by one; a comment alone is passed over. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerEvent> {
  let text = "";
  for await (
    const part of body.pipeThrough(
      new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
    )
  ) {
    text += part;
    for (let end; (end = text.indexOf("\n\n")) >= 0;) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/s
        .exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (name) yield { name, data: JSON.parse(data) };
    }
  }
}
