/** A control socket of an interface that doesn't exist: `wg` asks it, the test decides the answers. */
export class FakeControlSocket implements Disposable {
  /** The answer to a `get`, `errno=0` included. */
  answer = "errno=0\n\n";
  /** The answer to any other request; "" to hang up. */
  otherAnswer = "errno=0\n\n";
  /** Where an answer is cut into parts that are sent one by one. */
  cuts: readonly number[] = [];
  /** Whether connections stay open behind an answer, until the other side ends them. */
  staysOpen = false;
  /** Whether nothing is answered, and no more than a request's first byte read. */
  hangsUp = false;
  /** Whether nobody listens any more once a request has come, though the file of the socket is there. */
  endsAfterRequest = false;
  /** The last complete request that came but for a `get`: whoever lists all interfaces asks that. */
  request = "";
  readonly #path: string;
  readonly #listener: Deno.UnixListener;

  /** Listens where `wg` looks for the interface `name`. */
  constructor(readonly name: string) {
    const directory = "/var/run/wireguard";
    Deno.mkdirSync(directory, { recursive: true, mode: 0o755 });
    this.#path = `${directory}/${name}.sock`;
    try {
      // Of an earlier process of the same number, which was killed.
      Deno.removeSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    this.#listener = Deno.listen({ transport: "unix", path: this.#path });
    this.#acceptAll();
  }

  [Symbol.dispose](): void {
    if (!this.endsAfterRequest) this.#listener.close();
    try {
      Deno.removeSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async #acceptAll(): Promise<void> {
    for await (const connection of this.#listener) this.#serve(connection);
  }

  /** One request; `wg` also connects only to see whether somebody listens. */
  async #serve(connection: Deno.Conn): Promise<void> {
    using _ = connection;
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65536);
    if (this.hangsUp) {
      await connection.read(buffer.subarray(0, 1));
      return;
    }
    let text = "";
    while (!text.endsWith("\n\n")) {
      const count = await connection.read(buffer);
      if (count === null) return;
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
    const isGet = text === "get=1\n\n";
    if (!isGet) this.request = text;
    if (this.endsAfterRequest) {
      this.#listener.close();
      return;
    }
    const answer = new TextEncoder().encode(isGet ? this.answer : this.otherAnswer);
    for (let at = 0; at < answer.length;) {
      const end = this.cuts.find((cut) => cut > at) ?? answer.length;
      at += await connection.write(answer.subarray(at, end));
      // So that it is read before the next part comes, mostly.
      if (end < answer.length) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (this.staysOpen) { while (await connection.read(buffer) !== null); }
  }
}
