/** A control socket whose clients wait in vain, as those of an engine that was stopped. */
export class SilentSocket implements Disposable {
  clients = 0;
  /** Settled once it has a client. */
  readonly asked: Promise<void>;
  /** How many of them have given up. */
  left = 0;
  readonly #path: string;
  readonly #listener: Deno.UnixListener;
  readonly #waiting: Deno.Conn[] = [];
  #answer: string | null = null;

  /** Listens where the interface `name` would. */
  constructor(readonly name: string) {
    this.#path = `/var/run/wireguard/${name}.sock`;
    Deno.mkdirSync("/var/run/wireguard", { recursive: true, mode: 0o755 });
    this.#listener = Deno.listen({ transport: "unix", path: this.#path });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.asked = promise;
    this.#accept(resolve);
  }

  /** Answers `text` to all clients from now on. */
  answer(text: string): void {
    this.#answer = text;
    for (const client of this.#waiting) this.#serve(client, text);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const client of this.#waiting) client.close();
    Deno.removeSync(this.#path);
  }

  async #accept(onClient: () => void): Promise<void> {
    for await (const client of this.#listener) {
      onClient();
      this.clients++;
      this.#waiting.push(client);
      this.#notice(client);
      if (this.#answer !== null) this.#serve(client, this.#answer);
    }
  }

  async #notice(client: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      while (await client.read(buffer) !== null);
    } catch {
      // It was reset, or closed here.
    }
    this.left++;
  }

  async #serve(client: Deno.Conn, text: string): Promise<void> {
    try {
      await client.write(new TextEncoder().encode(text));
    } catch {
      // It has given up.
    }
  }
}
