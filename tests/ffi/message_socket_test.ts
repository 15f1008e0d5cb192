import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Errno, SysError } from "../../ffi/errno.ts";
import { F_GETFD, FD_CLOEXEC } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { MessageSocket } from "../../ffi/message_socket.ts";
import { waitForExit } from "../../ffi/process.ts";
import { openPipe, readText } from "./pipe.ts";
import { shell, start } from "./run_program.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array<ArrayBuffer> | undefined | null) =>
  new TextDecoder().decode(bytes ?? new Uint8Array());
const failsWith = (number: number) => (error: unknown) =>
  error instanceof SysError && error.errno === number;

/** How many descriptors this process has open. */
const openFds = () => [...Deno.readDirSync("/proc/self/fd")].length;

Deno.test("messages arrive one by one, each with its descriptors, and then the end", () => {
  const before = openFds();
  const [a, b] = MessageSocket.pair();
  const pipe = openPipe();
  a.send({ bytes: encode("first"), fds: [pipe.writing, pipe.reading] });
  a.send({ bytes: encode("second"), fds: [] });
  libc.close(pipe.writing);
  libc.close(pipe.reading);
  a.close();

  const first = b.receive();
  assert.equal(decode(first?.bytes), "first");
  const [writing = -1, reading = -1, ...more] = first?.fds ?? [];
  assert.deepEqual(more, []);
  assert.equal(libc.fcntl(writing, F_GETFD, 0), FD_CLOEXEC);
  assert.equal(libc.fcntl(reading, F_GETFD, 0), FD_CLOEXEC);
  libc.write(writing, encode("through"), 7);
  libc.close(writing);
  assert.equal(readText(reading), "through");
  assert.deepEqual(b.receive(), { bytes: encode("second"), fds: [] });
  assert.equal(b.receive(), null);
  b.close();
  assert.equal(openFds(), before);
});

Deno.test("to an end that is closed, nothing can be sent", () => {
  const [a, b] = MessageSocket.pair();
  b.close();
  assert.throws(() => a.send({ bytes: encode("x"), fds: [] }), failsWith(Errno.EPIPE));
  a.close();
});

Deno.test("what is too much for a message isn't sent, nor taken by halves", () => {
  const before = openFds();
  const [a, b] = MessageSocket.pair();
  const most = { bytes: new Uint8Array(4096).fill(7), fds: Array.from({ length: 8 }, () => 0) };
  for (
    const tooMuch of [{ ...most, bytes: new Uint8Array(4097) }, { ...most, fds: [...most.fds, 0] }]
  ) {
    assert.throws(() => a.send(tooMuch), failsWith(Errno.EMSGSIZE));
  }
  a.send(most);
  const received = b.receive();
  assert.deepEqual(received?.bytes, most.bytes);
  assert.equal(received?.fds.length, 8);
  for (const fd of received?.fds ?? []) libc.close(fd);

  assert.equal(libc.send(a.fd, new Uint8Array(5000), 5000, 0), 5000);
  assert.throws(() => b.receive(), failsWith(Errno.EMSGSIZE));
  a.close();
  b.close();
  assert.equal(openFds(), before);
});

Deno.test("a message, or the end, can be waited for while others go on", async () => {
  const [a, b] = MessageSocket.pair();
  const first = b.receiveLater();
  a.send({ bytes: encode("later"), fds: [] });
  assert.equal(decode(await first), "later");
  const second = b.receiveLater();
  a.close();
  assert.equal(await second, null);
  b.close();
});

Deno.test("a program that is started has neither end, unless it is given it", async () => {
  const [a, b] = MessageSocket.pair();
  const { pid, output } = start({ ...shell("ls -l /proc/$$/fd"), fds: [[7, b.fd]] });
  const list = readText(output);
  assert.deepEqual(await waitForExit(pid), { code: 0, signal: null });
  assert.equal(list.match(/socket:/g)?.length, 1, list);
  assert.match(list, / 7 -> socket:/);
  a.close();
  b.close();
});
