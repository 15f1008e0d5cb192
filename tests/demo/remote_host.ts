import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { Network } from "../../ffi/network.ts";
import { type Actions, type Request, type Response, WIRE } from "./host.ts";
import { asFirstProcess } from "./namespaces.ts";

const PROGRAM = new URL("host.ts", import.meta.url).pathname;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

type Result<A extends keyof Actions> = Awaited<ReturnType<Actions[A]>>;

/** A host of the demo, told what to do from outside. All that runs in it dies with this process. */
export class RemoteHost implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(readonly name: string) {
    this.#process = asFirstProcess(() =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", "--no-prompt", PROGRAM],
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn()
    );
    this.#input = this.#process.stdin.getWriter();
  }

  /** Creates a host. Throws with a line for the user when this machine doesn't let us. */
  static async create(name: string): Promise<RemoteHost> {
    const host = new RemoteHost(name);
    try {
      await new Promise<unknown>((resolve, reject) => {
        host.#waiting.set(0, { resolve, reject });
        host.#readResponses();
      });
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
    return host;
  }

  /** Its process id, as seen from outside. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Lets the host do something. */
  async do<A extends keyof Actions>(
    action: A,
    ...args: Parameters<Actions[A]>
  ): Promise<Result<A>> {
    const id = ++this.#lastId;
    const result = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const request: Request = { id, action, args };
    // When it fails the host has ended, which is what `result` tells.
    this.#input.write(new TextEncoder().encode(JSON.stringify(request) + "\n")).catch(() => {});
    return await result as Result<A>;
  }

  /** Joins two hosts by a wire, an interface of the same name in each. */
  static wire(left: RemoteHost, right: RemoteHost): void {
    inNetworkNamespace(`/proc/${left.pid}/ns/net`, () => {
      using network = Network.open();
      network.createVethPair({ name: WIRE }, { name: WIRE, namespace: { pid: right.pid } });
    });
  }

  /** Ends the host and everything in it, at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#process.status;
    await this.#input.abort().catch(() => {});
  }

  async #readResponses(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(JSON.parse(line) as Response);
    }
    for (const { reject } of this.#waiting.values()) reject(new Error(`${this.name} has ended`));
  }

  #take({ id, result, error }: Response): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}
