import assert from "node:assert/strict";
import { CONTROL_DIRECTORY, controlSocketPath } from "../../../core/uapi/client.ts";
import { ControlChannel } from "../../../cli/system/control_channel.ts";

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
