import assert from "node:assert/strict";
import "../ffi/bind_libc.ts";
import { addressText, listen, parseListenAddress } from "../../cli/listen_address.ts";

Deno.test("an address to listen at is loopback unless another one is given", () => {
  const tcp = (hostname: string, port: number) => ({ transport: "tcp", hostname, port });
  assert.deepEqual(parseListenAddress("9586"), tcp("127.0.0.1", 9586));
  assert.deepEqual(parseListenAddress(":9586"), tcp("127.0.0.1", 9586));
  assert.deepEqual(parseListenAddress("0.0.0.0:1"), tcp("0.0.0.0", 1));
  assert.deepEqual(parseListenAddress("[::1]:65535"), tcp("::1", 65535));
  assert.deepEqual(parseListenAddress("unix:/run/x.sock"), {
    transport: "unix",
    path: "/run/x.sock",
  });
  for (
    const text of ["", "x", "1.2.3.4", "::1:80", "[::1]", "1:65536", "unix:", "unix:x", "a b:1"]
  ) {
    assert.equal(parseListenAddress(text), null, text);
  }
});

Deno.test("an address is told as it is given", () => {
  for (const text of ["127.0.0.1:81", "localhost:0", "[::1]:9586", "unix:/run/x.sock"]) {
    const address = parseListenAddress(text);
    assert.ok(address !== null);
    assert.equal(addressText(address), text);
  }
});

Deno.test("where it can't listen is told, and why, in one line", () => {
  const directory = Deno.makeTempDirSync();
  const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = other.addr as Deno.NetAddr;
    Deno.writeTextFileSync(`${directory}/file`, "");
    const long = "x".repeat(120);
    const cases: readonly (readonly [text: string, reason: string])[] = [
      [`127.0.0.1:${port}`, "Address already in use (EADDRINUSE)"],
      [`[2001:db8::1]:${port}`, "Cannot assign requested address (EADDRNOTAVAIL)"],
      [`unix:${directory}/none/x`, "No such file or directory (ENOENT)"],
      [`unix:${directory}/file`, "Address already in use (EADDRINUSE)"],
      [`unix:${directory}/file/x`, "Not a directory (ENOTDIR)"],
      [`unix:/${long}`, "File name too long (ENAMETOOLONG)"],
    ];
    for (const [text, reason] of cases) {
      const address = parseListenAddress(text);
      assert.ok(address !== null);
      assert.throws(() => listen(address), { message: `Cannot listen at ${text}: ${reason}` });
    }
    const unknown = { transport: "tcp", hostname: "no..name", port: 1 } as const;
    assert.throws(
      () => listen(unknown),
      /^Error: Cannot listen at no\.\.name:1: [a-z][^()]+$/,
    );
  } finally {
    other.close();
    Deno.removeSync(directory, { recursive: true });
  }
});
