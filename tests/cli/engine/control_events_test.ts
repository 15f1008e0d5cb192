import assert from "node:assert/strict";
import { ControlConnection } from "../../../cli/engine/control_connection.ts";
import { exchange, FakeStream, makeTarget, NEVER } from "./control_target.ts";

Deno.test("control connection: who asks for events gets them as they happen, and may ask no more", () => {
  for (const requests of ["all", "status"] as const) {
    const target = makeTarget();
    const stream = new FakeStream(4096);
    const connection = new ControlConnection(stream, target, requests);
    target.events.publish({ type: "interface-down" });
    stream.send("events=1\n\n");
    assert.equal(connection.step(NEVER), "read");
    assert.equal(stream.output, "errno=0\n\n", "nothing that happened before");
    assert(connection.isEventReader && !connection.hasEvents);
    stream.output = "";
    stream.send("get=1\n\n");
    target.events.publish({ type: "interface-up", listenPort: 7 });
    assert(connection.hasEvents);
    assert.equal(connection.step(NEVER), "read");
    assert.equal(
      stream.output,
      "event=interface-up\ntime_msec=1700000000123\nlisten_port=7\n\n",
    );
    stream.ended = true;
    assert.equal(connection.step(NEVER), "closed");
    assert.notEqual(target.events.open(), null);
  }
});

Deno.test("control connection: a reader of events that doesn't read waits for nothing but that", () => {
  const target = makeTarget();
  const stream = new FakeStream(4096);
  const connection = new ControlConnection(stream, target);
  stream.send("events=1\n\n");
  connection.step(NEVER);
  stream.output = "";
  stream.writable = 0;
  for (let i = 0; i < 2000; i++) {
    target.events.publish({ type: "interface-down" });
    assert.equal(connection.step(NEVER), "write");
    assert(!connection.hasEvents, "it would be served again and again");
  }
  stream.writable = Infinity;
  assert.equal(connection.step(NEVER), "read");
  const blocks = stream.output.split("\n\n").slice(0, -1);
  assert.equal(blocks.length, 1 + 256 + 1);
  assert.match(blocks.at(-1) ?? "", /^event=lost\ntime_msec=\d+\ncount=1743$/);
});

Deno.test("control connection: too many readers of events are refused", () => {
  const target = makeTarget();
  for (let i = 0; i < 8; i++) assert.equal(exchange(target, "events=1\n\n"), "errno=0\n\n");
  assert.equal(exchange(target, "events=1\n\n"), "errno=-16\n\n");
});

Deno.test("control connection: who may only ask doesn't keep events from who may do all", () => {
  const target = makeTarget();
  for (let i = 0; i < 9; i++) exchange(target, "events=1\n\n", 4096, "status");
  assert.equal(exchange(target, "events=1\n\n", 4096, "status"), "errno=-16\n\n");
  assert.equal(exchange(target, "events=1\n\n"), "errno=0\n\n");
});
