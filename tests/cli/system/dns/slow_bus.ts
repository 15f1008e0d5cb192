/**
 * A message bus that always has more to say, a byte at a time, until it gives up: a thread of its own, since
 * whoever asks waits. It is sent the path of its socket, and says when it listens.
 */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<string>) => void;
  postMessage(message: string): void;
};

/** Bytes, and milliseconds between them. */
const COUNT = 500;
const PAUSE_MS = 20;

scope.onmessage = async ({ data: path }) => {
  const listener = Deno.listen({ transport: "unix", path });
  scope.postMessage("listening");
  const connection = await listener.accept();
  listener.close();
  try {
    for (let i = 0; i < COUNT; i++) {
      await connection.write(Uint8Array.of(0x4f));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } catch {
    // Whoever asked has gone.
  }
  connection.close();
  scope.postMessage("closed");
};
