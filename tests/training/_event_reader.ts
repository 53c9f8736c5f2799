/**
 * Reads TensorBoard's event files by other means than those that wrote them.
 */

import { BinaryReader } from "@bufbuild/protobuf/wire";
import { assertEquals } from "@std/assert";
import { RecordReader } from "tfrecord";

/** An event, as `tensorflow/core/util/event.proto` has it. */
export interface LoggedEvent {
  seconds: number;
  step: number;
  version?: string;
  /** Whether a run goes on from this step. */
  starts?: true;
  scalars: Record<string, number>;
  texts: Record<string, string>;
}

/** Calls `read` with each field of a message until it ends. */
function fields(
  reader: BinaryReader,
  length: number,
  read: (field: number, wireType: number) => void,
): void {
  const end = reader.pos + length;
  while (reader.pos < end) read(...reader.tag());
}

/** The values of a summary, with the wire reader of @bufbuild/protobuf. */
function readSummary(reader: BinaryReader, event: LoggedEvent): void {
  fields(reader, reader.uint32(), (field) => {
    assertEquals(field, 1);
    let tag = "";
    let text: string | undefined;
    let plugin = "";
    fields(reader, reader.uint32(), (field, wireType) => {
      if (field === 1) tag = reader.string();
      else if (field === 2) event.scalars[tag] = reader.float();
      else if (field === 8) {
        fields(reader, reader.uint32(), (field) => {
          if (field === 1) assertEquals(reader.int32(), 7);
          else text = reader.string();
        });
      } else if (field === 9) {
        fields(reader, reader.uint32(), () => {
          fields(reader, reader.uint32(), () => plugin = reader.string());
        });
      } else reader.skip(wireType);
    });
    if (text === undefined) return;
    assertEquals(plugin, "text");
    event.texts[tag] = text;
  });
}

/** Whether a session starts, of which alone is told here. */
function readSession(reader: BinaryReader): true {
  fields(reader, reader.uint32(), (field) => {
    assertEquals([field, reader.int32()], [1, 1]);
  });
  return true;
}

/** The events of a file; framing and checksums are read by npm's tfrecord. */
export async function readEvents(path: string): Promise<LoggedEvent[]> {
  const reader = await RecordReader.create(path);
  const events: LoggedEvent[] = [];
  let message: Uint8Array | null;
  while ((message = await reader.readRecord()) !== null) {
    const event: LoggedEvent = { seconds: 0, step: 0, scalars: {}, texts: {} };
    const wire = new BinaryReader(message);
    fields(wire, message.length, (field) => {
      if (field === 1) event.seconds = wire.double();
      else if (field === 2) event.step = Number(wire.int64());
      else if (field === 3) event.version = wire.string();
      else if (field === 7) event.starts = readSession(wire);
      else readSummary(wire, event);
    });
    events.push(event);
  }
  return events;
}

/** The events of every file in a folder, in the order of the files' names. */
export async function readFolder(folder: string): Promise<LoggedEvent[]> {
  const files = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  const events: LoggedEvent[] = [];
  for (const file of files) {
    events.push(...await readEvents(`${folder}/${file}`));
  }
  return events;
}

/** The points of a tag: its steps and its values. */
export function pointsOf(
  events: readonly LoggedEvent[],
  tag: string,
): { steps: number[]; values: number[] } {
  const found = events.filter(({ scalars }) => tag in scalars);
  return {
    steps: found.map(({ step }) => step),
    values: found.map(({ scalars }) => scalars[tag]),
  };
}
