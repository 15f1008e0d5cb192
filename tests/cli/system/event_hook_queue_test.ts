import assert from "node:assert/strict";
import { EventHookQueue, MAX_WAITING_EVENTS } from "../../../cli/system/event_hook_queue.ts";
import type { InterfaceEvent } from "../../../core/events/event.ts";

function event(time: number, type: InterfaceEvent["type"] = "roamed"): InterfaceEvent {
  return { type, time, interface: "wg0" };
}

/** A queue whose commands end when they are told to. */
function create() {
  const ran: number[] = [], logged: string[] = [];
  const ends: (() => void)[] = [];
  const queue = new EventHookQueue({
    run: ({ time }, signal) => {
      ran.push(time);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      signal.addEventListener("abort", () => resolve());
      return promise;
    },
    log: (line) => logged.push(line),
  });
  const endNext = async () => {
    ends.shift()?.();
    await settle();
  };
  return { queue, ran, logged, endNext };
}

async function settle() {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

Deno.test("commands run one after the other, in the order of their events", async () => {
  const { queue, ran, endNext, logged } = create();
  queue.push(event(1));
  queue.push(event(2, "interface-down"));
  queue.push(event(3, "handshake-completed"));
  await settle();
  assert.deepEqual(ran, [1]);
  await endNext();
  assert.deepEqual(ran, [1, 3]);
  await endNext();
  queue.push(event(4));
  await settle();
  assert.deepEqual(ran, [1, 3, 4]);
  await endNext();
  assert.deepEqual(logged, []);
});

Deno.test("events that come while too many wait are dropped, which is told", async () => {
  const { queue, ran, endNext, logged } = create();
  for (let time = 0; time < MAX_WAITING_EVENTS + 4; time++) queue.push(event(time));
  await settle();
  assert.deepEqual(logged, ["256 events wait for their commands: others are dropped"]);
  for (let i = 0; i < MAX_WAITING_EVENTS + 4; i++) await endNext();
  assert.equal(ran.length, MAX_WAITING_EVENTS + 1);
  assert.equal(ran.at(-1), MAX_WAITING_EVENTS);
  assert.deepEqual(logged.slice(1), ["3 events were dropped: their commands didn't run"]);
});

Deno.test("a failure is told, and the next event's commands run", async () => {
  const logged: string[] = [];
  let runs = 0;
  const queue = new EventHookQueue({
    run: () => ++runs === 1 ? Promise.reject(new Error("no bash")) : Promise.resolve(),
    log: (line) => logged.push(line),
  });
  queue.push(event(1));
  queue.push(event(2));
  await settle();
  assert.equal(runs, 2);
  assert.deepEqual(logged, ["no bash"]);
});

Deno.test("at the end what runs may go on for a while, and nothing else begins", async () => {
  const { queue, ran } = create();
  queue.push(event(1));
  queue.push(event(2));
  const end = new AbortController();
  const finished = queue.finish(100_000, end.signal);
  queue.push(event(3));
  assert.equal(await Promise.race([finished.then(() => "finished"), settle()]), undefined);
  end.abort();
  await finished;
  assert.deepEqual(ran, [1]);
  const impatient = create();
  impatient.queue.push(event(1));
  await impatient.queue.finish(1, new AbortController().signal);
});
