/** The claiming of chunks, in every order of the threads' operations on shared memory. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { TransportAead } from "../../../core/crypto/crypto.ts";
import {
  DESCRIPTOR_SIZE,
  OPEN,
  PooledTransportAead,
  type PoolThreads,
  type PoolTuning,
  SEAL,
} from "../../../core/crypto/pooled_transport_aead.ts";
import {
  help,
  SHARED_BATCH_WORDS,
  SharedBatchHelper,
  SharedBatchOwner,
} from "../../../core/crypto/shared_batch.ts";
import { memoryOf } from "../../../core/memory.ts";
import {
  exploreAll,
  exploreOne,
  type Model,
  type ThreadContext,
  type World,
} from "./interleavings.ts";

/** Every batch is shared, one message per chunk, and nobody spins. */
const TUNING: PoolTuning = {
  minMessages: 1,
  minBytes: 0,
  wakeBytes: 0,
  chunksPerThread: 1,
  minChunk: 1,
  spins: 0,
  waitMs: 20,
  maxWaits: Infinity,
};

/** What the world knows: the batch that is current, and which of its messages are in which state. */
const BATCH = 0, BEGUN = 1, DONE = 2, FAILED = 3, VANISHED = 4, FIRST_RUNNING = 5;

interface Setting {
  helpers: number;
  /** Numbers of messages of the batches. */
  batches: readonly number[];
  /** How many numbers generations have. */
  generations: number;
  /** Whether a helper's computation may throw. */
  mayThrow?: boolean;
  /** Whether a helper may vanish at any point. */
  mayVanish?: boolean;
  /** How often a thread may be held up, all in all; any number by default. */
  preemptions?: number;
}

const listOf = (batch: number) => 1024 * (batch + 1);
const operationOf = (batch: number) => batch % 2 === 0 ? SEAL : OPEN;
const maskOf = (first: number, count: number) => ((1 << count) - 1) << first;

/** Threads that share `setting.batches`: the real code but for the computation. */
function modelOf(setting: Setting): Model {
  const { helpers, batches, generations, mayThrow = false, mayVanish = false } = setting;
  const memory = memoryOf(new ArrayBuffer(65536));

  const owner = ({ words, atomics, world, boundary }: ThreadContext) => {
    const shared = new SharedBatchOwner(words, helpers, atomics, generations);
    const compute = (operation: number, list: number, count: number) => {
      world("begin", operation, list, count);
      world("end", operation, list, count);
    };
    const own: TransportAead = {
      seal: () => {},
      open: () => false,
      sealBatch: (list, count) => compute(SEAL, list, count),
      openBatch: (list, count) => compute(OPEN, list, count),
    };
    const pool: PoolThreads = {
      count: helpers + 1,
      isGone: (helper) => world("isGone", helper) === 1,
      lost: () => {},
    };
    const aead = new PooledTransportAead(own, memory, shared, pool, TUNING);
    for (const [batch, count] of batches.entries()) {
      boundary();
      world("batch", batch);
      if (operationOf(batch) === SEAL) aead.sealBatch(listOf(batch), count);
      else aead.openBatch(listOf(batch), count);
      world("settled");
    }
    boundary();
    shared.stop();
  };

  const helperThread = (number: number) => ({ words, atomics, world, boundary }: ThreadContext) => {
    const helper = new SharedBatchHelper(words, number, helpers, atomics);
    boundary();
    help(helper, (operation, list, first, count) => {
      const at = list + first * DESCRIPTOR_SIZE;
      if (world("begin", operation, at, count) === 1) {
        world("fail", operation, at, count);
        throw new Error("cannot compute");
      }
      world("end", operation, at, count);
    }, (helper) => {
      // It knows only which batch it saw last; its word in the shared memory tells that too.
      boundary();
      if (!helper.hasNews) helper.sleep();
      boundary();
      return true;
    });
  };

  /** The messages that a computation is about, after a look at whether it belongs to the batch. */
  const messagesOf = ([operation = 0, list = 0, count = 0]: readonly number[], world: World) => {
    const batch = world[BATCH] ?? 0;
    const first = (list - listOf(batch)) / DESCRIPTOR_SIZE;
    const isWithin = first >= 0 && count > 0 && first + count <= (batches[batch] ?? 0);
    if (operation !== operationOf(batch) || !isWithin) {
      throw new Error(`${operation} of ${count} messages at ${list} is not of batch ${batch}`);
    }
    return maskOf(first, count);
  };

  return {
    words: SHARED_BATCH_WORDS,
    world: [0, 0, 0, 0, 0, ...new Array(helpers + 1).fill(0)],
    threads: [owner, ...Array.from({ length: helpers }, (_, number) => helperThread(number))],
    ...(mayVanish
      ? { mortal: Array.from({ length: helpers }, (_, number) => number + 1), vanished: VANISHED }
      : {}),
    timesOut: (thread, world) => thread === 0 && world[VANISHED] !== 0,
    mayEnd: ([ownersEnd, ...ends], world) =>
      ownersEnd === "" &&
      ends.every((end, at) =>
        end === "" || world[VANISHED] === at + 2 || mayThrow && end === "Error: cannot compute"
      ),
    perform(thread, name, values, world) {
      const begun = world[BEGUN] ?? 0, done = world[DONE] ?? 0, failed = world[FAILED] ?? 0;
      const vanished = world[VANISHED] ?? 0;
      switch (name) {
        case "batch":
          world[BATCH] = values[0] ?? 0;
          world[BEGUN] = world[DONE] = world[FAILED] = 0;
          return [0];
        case "begin": {
          const messages = messagesOf(values, world);
          if ((begun & messages) !== 0) throw new Error("a message is computed twice");
          world[BEGUN] = begun | messages;
          world[FIRST_RUNNING + thread] = messages;
          return mayThrow && thread > 0 ? [0, 1] : [0];
        }
        case "end":
        case "fail": {
          const messages = messagesOf(values, world);
          if (world[FIRST_RUNNING + thread] !== messages) throw new Error("the batch has changed");
          world[FIRST_RUNNING + thread] = 0;
          if (name === "end") world[DONE] = done | messages;
          else world[FAILED] = failed | messages;
          return [0];
        }
        case "isGone":
          return [vanished === (values[0] ?? 0) + 2 ? 1 : 0];
        case "settled": {
          for (let other = 0; other <= helpers; other++) {
            if (vanished === other + 1) world[FIRST_RUNNING + other] = 0;
            if (world[FIRST_RUNNING + other] !== 0) throw new Error(`${other} is still at work`);
          }
          const all = maskOf(0, batches[world[BATCH] ?? 0] ?? 0);
          if ((done | failed) !== all && vanished === 0) throw new Error("a message was forgotten");
          return [0];
        }
        default:
          throw new Error(name);
      }
    },
  };
}

const MANY = 1 << 22;

/** Each is as large as can be tried within some seconds. */
const SETTINGS: Record<string, Setting> = {
  "one helper, any delay": { helpers: 1, batches: [2, 1, 1], generations: 2 },
  "one helper, many batches": {
    helpers: 1,
    batches: [2, 2, 2, 2, 2, 2],
    generations: 4,
    preemptions: 3,
  },
  "two helpers": { helpers: 2, batches: [2, 2], generations: MANY, preemptions: 2 },
  "one helper that may fail": {
    helpers: 1,
    batches: [2, 2],
    generations: MANY,
    mayThrow: true,
    preemptions: 3,
  },
  "one helper that may vanish": {
    helpers: 1,
    batches: [2, 2],
    generations: MANY,
    mayVanish: true,
    preemptions: 3,
  },
};

for (const [name, setting] of Object.entries(SETTINGS)) {
  Deno.test(`shared batch: each message is computed once and in time: ${name}`, () => {
    const states = exploreAll(modelOf(setting), setting.preemptions);
    assert(states > 5000, `only ${states} states`);
  });
}

Deno.test("shared batch: each message is computed once and in time: three helpers at random", () => {
  const setting = { helpers: 3, batches: [4, 3, 4, 1, 4], generations: 4 };
  const model = modelOf(setting);
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (choices) => {
      exploreOne(model, (count) => (choices.next().value ?? 0) % count, 400);
    }),
    { numRuns: 60 },
  );
});
