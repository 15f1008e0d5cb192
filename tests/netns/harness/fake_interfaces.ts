/**
 * Control sockets of interfaces that don't exist: a program of its own, which answers as its argument
 * says (the path of a file with the JSON of {@linkcode FakeInterfaces}). The last `set` that came for the
 * interface NAME is in /run/requests/NAME.
 */

/** What the control socket of each interface answers. */
export type FakeInterfaces = Readonly<Record<string, FakeAnswers>>;

/** The bytes of both answers, after which the connection is closed. */
export interface FakeAnswers {
  /** To a `get`; `@AGE-n@` stands for the time n seconds ago. */
  readonly get: string;
  readonly set: string;
}

const SOCKETS = "/run/wireguard";
const REQUESTS = "/run/requests";

async function main(): Promise<void> {
  const interfaces: FakeInterfaces = JSON.parse(await Deno.readTextFile(Deno.args[0] ?? ""));
  await Deno.mkdir(SOCKETS, { recursive: true });
  await Deno.mkdir(REQUESTS, { recursive: true });
  for (const [name, answers] of Object.entries(interfaces)) {
    const path = `${SOCKETS}/${name}.sock`;
    const listener = Deno.listen({ transport: "unix", path });
    acceptAll(listener, name, answers);
  }
  console.log("ready");
}

async function acceptAll(listener: Deno.Listener, name: string, answers: FakeAnswers) {
  for await (const connection of listener) serve(connection, name, answers).catch(() => {});
}

/** One request; `wg` also connects only to see whether somebody listens. */
async function serve(connection: Deno.Conn, name: string, answers: FakeAnswers): Promise<void> {
  using _ = connection;
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65536);
  let request = "";
  while (!request.endsWith("\n\n")) {
    const count = await connection.read(buffer);
    if (count === null) return;
    request += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  const isGet = request === "get=1\n\n";
  if (!isGet) await Deno.writeTextFile(`${REQUESTS}/${name}`, request);
  const now = Math.floor(Date.now() / 1000);
  const text = (isGet ? answers.get : answers.set)
    .replaceAll(/@AGE-(\d+)@/g, (_, age) => String(now - Number(age)));
  const answer = new TextEncoder().encode(text);
  for (let at = 0; at < answer.length;) at += await connection.write(answer.subarray(at));
}

if (import.meta.main) await main();
