import assert from "node:assert/strict";
import { isZero } from "../../../core/memory.ts";
import { DumpPrinter } from "../../../core/show/peer_printers.ts";
import { CONTROL_DIRECTORY, controlSocketPath, UapiError } from "../../../core/uapi/client.ts";
import { ControlChannel } from "../../../cli/system/control_channel.ts";
import { readToShow } from "../../../cli/system/interfaces.ts";
import { listInterfaces } from "../../../cli/system/list_interfaces.ts";
import { rootTest } from "../../ffi/privileged.ts";
import { FakeControlSocket } from "../fake_control_socket.ts";

/** More than a listener of the runtime lets wait. */
const CROWD = 10_000;

Deno.test("who connects while too many others wait to be accepted, waits too", {
  ignore: Deno.uid() !== 0,
}, async () => {
  Deno.mkdirSync(CONTROL_DIRECTORY, { recursive: true });
  const name = `crowd${Deno.pid}`.slice(-15);
  const path = controlSocketPath(name);
  const listener = Deno.listen({ transport: "unix", path });
  const waiting: Deno.Conn[] = [];
  const accepted: Deno.Conn[] = [];
  try {
    await assert.rejects(async () => {
      while (waiting.length < CROWD) waiting.push(await Deno.connect({ transport: "unix", path }));
    }, Deno.errors.WouldBlock);
    const givenUp = assert.rejects(ControlChannel.open(name, 2000), /EAGAIN/);
    const listed = await Promise.race([givenUp, listInterfaces()]);
    assert.ok(listed?.includes(name), "it is listed without waiting");
    await givenUp;
    const opened = ControlChannel.open(name);
    // It has had to wait once when this is through.
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const _ of waiting) accepted.push(await listener.accept());
    using channel = await opened;
    assert.ok(channel);
    accepted.push(await listener.accept());
  } finally {
    for (const connection of [...waiting, ...accepted]) connection.close();
    listener.close();
  }
});

Deno.test(
  "an answer is wiped, whoever stops reading it",
  { ignore: Deno.uid() !== 0 },
  async () => {
    using socket = new FakeControlSocket(`wipe${Deno.pid}`.slice(-15));
    socket.answer = `private_key=${"1".repeat(64)}\nerrno=0\n\n`;
    const request = [new TextEncoder().encode("get=1\n\n")];
    for (const stop of [false, true]) {
      using channel = await ControlChannel.open(socket.name);
      assert.ok(channel);
      const parts: Uint8Array[] = [];
      for await (const { bytes } of channel.askInParts(request)) {
        parts.push(bytes);
        assert.ok(!isZero(bytes));
        if (stop) break;
      }
      assert.ok(parts.length > 0 && parts.every(isZero));
    }
  },
);

rootTest("a text is given without what ends it, wherever its parts are cut", async () => {
  using socket = new FakeControlSocket(`txt${Deno.pid}`.slice(-15));
  const request = "print=show\nname=wg0\n\n", end = "errno=0\n\n";
  const texts = ["", "a\n\nb\n", "x".repeat(200_000) + "\n", "e\nerrno=0\nb\n"];
  for (const text of texts) {
    for (
      const cuts of [[], [text.length], [text.length + 4], [1, 2, 3], [
        text.length + end.length - 1,
      ]]
    ) {
      socket.otherAnswer = text + end;
      socket.cuts = cuts;
      using channel = await ControlChannel.open(socket.name);
      const parts = await channel?.askForText(request, end);
      const decoder = new TextDecoder();
      assert.equal(parts?.map((part) => decoder.decode(part)).join(""), text, `${cuts}`);
      assert.equal(socket.request, request);
    }
  }
});

rootTest(
  "a text that breaks off, or is refused, isn't given, and what came of it is wiped",
  async () => {
    using socket = new FakeControlSocket(`ref${Deno.pid}`.slice(-15));
    const parts: Uint8Array[] = [];
    const { connect } = Deno;
    Deno.connect = (async (options: Deno.UnixConnectOptions) => {
      const connection = await connect(options);
      const read = connection.read.bind(connection);
      connection.read = (part: Uint8Array) => {
        parts.push(part);
        return read(part);
      };
      return connection;
    }) as typeof connect;
    try {
      const refused = ["", "errno=-22\n\n", "errno=-13\n\n"];
      const broken = ["peer: x\n", "a\nerrno=0\n", "errno=0\n"];
      for (const answer of [...refused, ...broken]) {
        socket.otherAnswer = answer;
        using channel = await ControlChannel.open(socket.name);
        assert.ok(channel);
        const text = channel.askForText("print=show\n\n", "errno=0\n\n");
        if (refused.includes(answer)) assert.equal(await text, null, answer);
        else await assert.rejects(text, UapiError, answer);
      }
    } finally {
      Deno.connect = connect;
    }
    assert.ok(parts.length > 0 && parts.every(isZero));
  },
);

Deno.test("what was printed of an answer that breaks off is wiped", {
  ignore: Deno.uid() !== 0,
}, async () => {
  using socket = new FakeControlSocket(`brk${Deno.pid}`.slice(-15));
  const peer =
    `public_key=${"1".repeat(64)}\npreshared_key=${"1".repeat(64)}\nprotocol_version=1\n` +
    "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n" +
    "persistent_keepalive_interval=0\n";
  socket.answer = peer.repeat(1000);
  let parts: Uint8Array[] = [];
  class Printer extends DumpPrinter {
    override wipe(): void {
      parts = [...this.text.parts()];
      super.wipe();
    }
  }
  const wanted = { publicKey: false, printer: () => Promise.resolve(new Printer("")) };
  await assert.rejects(readToShow(socket.name, 0, wanted), UapiError);
  assert.ok(parts.some((part) => part.length > 0) && parts.every(isZero));
});
