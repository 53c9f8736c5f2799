/**
 * A process that holds an ONNX model and evaluates it when told to, by lines of
 * JSON on its standard input; started as a program, this file is that process.
 */

import { createSession, evaluate } from "@clr/clr/onnx";

interface Request {
  readonly images: number;
  readonly batchSize: number;
}

/** The other end of the process. */
export class EvaluationProcess {
  readonly threads: number;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(child: Deno.ChildProcess, threads: number) {
    this.threads = threads;
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.getReader();
  }

  /** Starts a process and waits until it has loaded the model. */
  static async start(
    path: string,
    { threads }: { threads: number },
  ): Promise<EvaluationProcess> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", import.meta.filename!, path, `${threads}`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const process = new EvaluationProcess(child, threads);
    await process.#reader.read();
    return process;
  }

  /** Evaluates so many images. */
  async evaluate(images: number, batchSize: number): Promise<void> {
    const request: Request = { images, batchSize };
    await this.#writer.write(
      new TextEncoder().encode(JSON.stringify(request) + "\n"),
    );
    await this.#reader.read();
  }

  /** Ends the process. */
  stop(): void {
    this.#child.kill();
  }
}

if (import.meta.main) {
  const [path, threads] = Deno.args;
  const session = await createSession(await Deno.readFile(path), {
    threads: Number(threads),
  });
  const run = ({ images, batchSize }: Request) =>
    evaluate(session, {
      xs: new Float32Array(images * 32 * 32 * 3),
      ys: new Uint8Array(images),
    }, { batchSize });
  const answer = () => Deno.stdout.write(new TextEncoder().encode("done\n"));
  await run({ images: 100, batchSize: 100 });
  await answer();
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const line of lines) {
    await run(JSON.parse(line));
    await answer();
  }
}
