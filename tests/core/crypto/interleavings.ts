/**
 * Tries threads that share memory in every order: each runs the real code up to its next operation on
 * shared memory, and the operations are carried out one by one, in all possible orders. States that were
 * reached before, by another order, are not tried again.
 *
 * A thread can't be suspended, so it is run again from its start for every step: the operations that it
 * has done already give it the results that they gave, and the first one beyond stops it.
 */
import type { AtomicOperations } from "../../../core/crypto/shared_batch.ts";

/** The results of `Atomics.wait`, as numbers. */
const WAIT_RESULTS = ["ok", "not-equal", "timed-out"] as const;

/** What a thread does next: on a word of the shared memory, or in the world that the test has. */
type Operation =
  | { kind: "load"; at: number }
  | { kind: "store" | "add" | "notify"; at: number; value: number }
  | { kind: "exchange"; at: number; expected: number; value: number }
  | { kind: "wait"; at: number; expected: number }
  | { kind: "world"; name: string; values: readonly number[] }
  | { kind: "boundary" }
  | { kind: "end"; error: string };

/** Stops a thread at its next operation. */
class Suspension extends Error {
  constructor(readonly operation: Operation) {
    super("suspended");
  }
}

/** What a thread works with. */
export interface ThreadContext {
  words: Int32Array;
  atomics: AtomicOperations;
  /** Does something that the test's `World` knows of, as one atomic operation, and gives its result. */
  world(name: string, ...values: number[]): number;
  /**
   * Tells that from here on all depends on the shared memory and the world only, not on what this thread
   * did before: states are recognised by what happened after it.
   */
  boundary(): void;
}

/** What there is besides the shared memory: numbers, which operations of the world change. */
export type World = number[];

export interface Model {
  /** Words of shared memory, zero at first. */
  words: number;
  world: World;
  /** The code of each thread. */
  threads: readonly ((context: ThreadContext) => void)[];
  /**
   * Carries out an operation of the world. Returns its possible results: each is tried. Throws when it
   * must not happen now.
   */
  perform(thread: number, name: string, values: readonly number[], world: World): readonly number[];
  /** Threads that may vanish at any point, at most one of them. */
  mortal?: readonly number[];
  /** Index in the world where the number of the vanished thread is stored, plus 1. */
  vanished?: number;
  /** Whether a thread may stop waiting on its own, as it does after some time. */
  timesOut?(thread: number, world: World): boolean;
  /**
   * Whether it is right that no thread goes on any more. Of each it is told how it ended: by an error, by
   * none (""), or not at all (null).
   */
  mayEnd(ends: readonly (string | null)[], world: World): boolean;
}

interface Thread {
  /** Results of the operations done so far, and how many of them were before the last boundary. */
  log: readonly number[];
  settled: number;
  next: Operation;
  /** The word that it sleeps on, or -1. */
  asleep: number;
}

interface State {
  memory: Int32Array<ArrayBuffer>;
  world: World;
  threads: readonly Thread[];
  /** Numbers of sleeping threads, those first that slept first. */
  queue: readonly number[];
  /** The thread that ran last, and how often another one ran before it had to wait. */
  running: number;
  preemptions: number;
  /** Which thread did what, for the report; linked to what came before. */
  trace: Trace | null;
}

interface Trace {
  step: string;
  before: Trace | null;
}

/** Something that must not happen, and how it came about. */
export class Violation extends Error {
  constructor(message: string, trace: Trace | null) {
    const steps: string[] = [];
    for (let at = trace; at !== null; at = at.before) steps.unshift(at.step);
    super(`${message}, after:\n${steps.join("\n")}`);
  }
}

/**
 * Tries all orders in which a thread is held up at most `preemptions` times although it could go on.
 * Returns how many states there are. Throws a {@linkcode Violation}.
 */
export function exploreAll(model: Model, preemptions = Infinity): number {
  const seen = new Set<string>();
  const open: State[] = [initialState(model)];
  const isBounded = preemptions < Infinity;
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = isBounded ? `${state.running},${state.preemptions}|${keyOf(state)}` : keyOf(state);
    if (seen.has(key)) continue;
    seen.add(key);
    for (const next of successors(model, state)) {
      if (next.preemptions <= preemptions) open.push(next);
    }
  }
  return seen.size;
}

/** Tries one order: `choose` picks one of so many possible next states. */
export function exploreOne(model: Model, choose: (choices: number) => number, steps: number): void {
  let state = initialState(model);
  for (let step = 0; step < steps; step++) {
    const next = successors(model, state);
    const chosen = next[choose(next.length)];
    if (chosen === undefined) return;
    state = chosen;
  }
}

function initialState(model: Model): State {
  return {
    memory: new Int32Array(model.words),
    world: [...model.world],
    threads: model.threads.map((code) => advance(code, { log: [], settled: 0 })),
    queue: [],
    running: 0,
    preemptions: 0,
    trace: null,
  };
}

function keyOf({ memory, world, threads, queue }: State): string {
  let key = `${world}|${queue}`;
  for (const { log, settled, asleep, next } of threads) {
    key += `|${asleep},${next.kind === "end" ? "end" : log.slice(settled)}`;
  }
  for (let at = 0; at < memory.length; at++) if (memory[at] !== 0) key += `|${at}=${memory[at]}`;
  return key;
}

/** Runs a thread to the operation after those in its log. */
function advance(
  code: (context: ThreadContext) => void,
  { log, settled }: { log: readonly number[]; settled: number },
): Thread {
  let at = 0;
  let suspension: Suspension | null = null;
  const next = (operation: Operation): number => {
    // What the code does in its catch and finally blocks happens only when it gets there.
    if (suspension !== null) throw suspension;
    const result = log[at++];
    if (result !== undefined) return result;
    throw suspension = new Suspension(operation);
  };
  const atomics = {
    load: (_: unknown, at: number) => next({ kind: "load", at }),
    store: (_: unknown, at: number, value: number) => next({ kind: "store", at, value }),
    add: (_: unknown, at: number, value: number) => next({ kind: "add", at, value }),
    sub: (_: unknown, at: number, value: number) => next({ kind: "add", at, value: -value }),
    compareExchange: (_: unknown, at: number, expected: number, value: number) =>
      next({ kind: "exchange", at, expected, value }),
    wait: (_: unknown, at: number, expected: number) =>
      WAIT_RESULTS[next({ kind: "wait", at, expected })],
    notify: (_: unknown, at: number, value = Infinity) => next({ kind: "notify", at, value }),
  } as unknown as AtomicOperations;
  let operation: Operation;
  try {
    code({
      words: new Int32Array(0),
      atomics,
      world: (name, ...values) => next({ kind: "world", name, values }),
      boundary: () => next({ kind: "boundary" }),
    });
    operation = { kind: "end", error: "" };
  } catch (error) {
    operation = error instanceof Suspension
      ? error.operation
      : { kind: "end", error: String(error) };
  }
  if (operation.kind !== "boundary") return { log, settled, next: operation, asleep: -1 };
  return advance(code, { log: [...log, 0], settled: log.length + 1 });
}

/** All states that one more operation leads to. */
function successors(model: Model, state: State): State[] {
  const next: State[] = [];
  const { running } = state;
  const last = state.threads[running];
  const isInterrupted = last?.asleep === -1 && last.next.kind !== "end";
  for (const [number, thread] of state.threads.entries()) {
    const preemptions = state.preemptions + (isInterrupted && number !== running ? 1 : 0);
    const all = thread.asleep >= 0 ? wakeUps(model, state, number) : steps(model, state, number);
    next.push(...all.map((next) => ({ ...next, running: number, preemptions })));
    if (model.mortal?.includes(number)) next.push(...deaths(model, state, number));
  }
  if (next.length === 0) {
    const ends = state.threads.map(({ next }) => next.kind === "end" ? next.error : null);
    if (!model.mayEnd(ends, state.world)) {
      throw new Violation(`all have ended or are blocked: ${JSON.stringify(ends)}`, state.trace);
    }
  }
  return next;
}

/** The operation of thread `number`, with each of its possible results. */
function steps(model: Model, state: State, number: number): State[] {
  const operation = state.threads[number]?.next;
  if (operation === undefined || operation.kind === "end") return [];
  const trace = { step: `${number}: ${JSON.stringify(operation)}`, before: state.trace };
  if (operation.kind === "world") {
    const world = [...state.world];
    try {
      return [...model.perform(number, operation.name, operation.values, world)]
        .map((result) => after(model, { ...state, world, trace }, number, result));
    } catch (error) {
      throw new Violation(error instanceof Error ? error.message : String(error), trace);
    }
  }
  const memory = state.memory.slice();
  if (operation.kind === "boundary") return [];
  const value = memory[operation.at] ?? 0;
  switch (operation.kind) {
    case "load":
      return [after(model, { ...state, trace }, number, value)];
    case "store":
      memory[operation.at] = operation.value;
      return [after(model, { ...state, memory, trace }, number, operation.value)];
    case "add":
      memory[operation.at] = value + operation.value;
      return [after(model, { ...state, memory, trace }, number, value)];
    case "exchange":
      if (value === operation.expected) memory[operation.at] = operation.value;
      return [after(model, { ...state, memory, trace }, number, value)];
    case "wait": {
      if (value !== operation.expected) return [after(model, { ...state, trace }, number, 1)];
      const threads = state.threads.map((thread, at) =>
        at === number ? { ...thread, asleep: operation.at } : thread
      );
      return [{ ...state, threads, queue: [...state.queue, number], trace }];
    }
    case "notify": {
      const woken = state.queue.filter((at) => state.threads[at]?.asleep === operation.at)
        .slice(0, operation.value);
      let result: State = { ...state, trace };
      for (const at of woken) result = after(model, result, at, 0);
      return [after(model, result, number, woken.length)];
    }
  }
}

/** The state after the operation of thread `number` gave `result`. */
function after(model: Model, state: State, number: number, result: number): State {
  const threads = state.threads.map((thread, at) => {
    const code = model.threads[at];
    if (at !== number || code === undefined) return thread;
    if (thread.next.kind === "end") return { ...thread, asleep: -1 };
    return advance(code, { log: [...thread.log, result], settled: thread.settled });
  });
  return { ...state, threads, queue: state.queue.filter((at) => at !== number) };
}

function wakeUps(model: Model, state: State, number: number): State[] {
  if (!model.timesOut?.(number, state.world)) return [];
  const trace = { step: `${number}: wakes up by itself`, before: state.trace };
  return [after(model, { ...state, trace }, number, 2)];
}

function deaths(model: Model, state: State, number: number): State[] {
  const { vanished = -1 } = model;
  const thread = state.threads[number];
  if (state.world[vanished] !== 0 || thread === undefined || thread.next.kind === "end") return [];
  const world = [...state.world];
  world[vanished] = number + 1;
  const threads = state.threads.map((other, at) =>
    at === number ? { ...other, next: { kind: "end", error: "vanished" } as const } : other
  );
  return [{
    ...state,
    world,
    threads,
    trace: { step: `${number}: vanishes`, before: state.trace },
  }];
}
