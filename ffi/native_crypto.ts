import type { TransportAead } from "../core/crypto/crypto.ts";
import { SCRATCH_SIZE } from "../core/crypto/x86/scratch.ts";
import { buildSharedObject } from "../core/crypto/x86/shared_object.ts";
import type { VectorExtension } from "../core/crypto/x86/transport_aead.ts";
import { transportCode } from "../core/crypto/x86/transport_code.ts";
import type { Arena } from "./arena.ts";
import { cpuFlags } from "./cpu_flags.ts";
import { loadSharedObject } from "./native_code.ts";

const BATCH_FUNCTION = {
  parameters: [
    /* void *arena */ "pointer",
    /* uint32_t list */ "i32",
    /* uint32_t count */ "i32",
    /* void *scratch */ "pointer",
  ],
  result: "void",
} as const;

const SYMBOLS = { sealBatch: BATCH_FUNCTION, openBatch: BATCH_FUNCTION } as const;

type Functions = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let widest: VectorExtension | null | undefined;

/** The widest vector extension that this machine has and that the generated code can use. */
export function vectorExtension(): VectorExtension | null {
  // Asked for several times, and the kernel takes a millisecond to tell of its processors.
  return widest === undefined ? widest = findVectorExtension() : widest;
}

function findVectorExtension(): VectorExtension | null {
  if (Deno.build.arch !== "x86_64") return null;
  const flags = cpuFlags();
  if (!flags.has("bmi2")) return null;
  // The processors with AVX-512 but without IFMA are those that lower their clock for 512-bit vectors.
  if (flags.has("avx512f") && flags.has("avx512ifma")) return "avx512";
  return flags.has("avx2") ? "avx2" : null;
}

const loaded = new Map<VectorExtension, Functions | null>();

/** The functions, loaded once per thread. */
function load(extension: VectorExtension): Functions | null {
  let functions = loaded.get(extension);
  if (functions === undefined) {
    const file = buildSharedObject(transportCode(extension));
    functions = loadSharedObject(file, SYMBOLS)?.symbols ?? null;
    loaded.set(extension, functions);
  }
  return functions;
}

/**
 * AEAD of transport data by machine code that is generated for this processor, on messages in `arena`.
 * Several of them may work on one arena, each in a thread of its own. Null where the machine has neither
 * AVX2 nor AVX-512, or the system doesn't let generated code be loaded.
 *
 * To be called before the engine is confined.
 *
 * @throws RangeError when the arena is full
 */
export function createNativeTransport(
  arena: Arena,
  extension: VectorExtension | null = vectorExtension(),
): TransportAead | null {
  const functions = extension && load(extension);
  return functions && new NativeTransportAead(functions, arena);
}

const DESCRIPTOR_SIZE = 16;

class NativeTransportAead implements TransportAead {
  readonly #functions: Functions;
  readonly #view: DataView;
  readonly #arena: Deno.PointerObject;
  readonly #scratch: Deno.PointerObject;
  /** Offset of the descriptor for a single message. */
  readonly #single: number;

  constructor(functions: Functions, arena: Arena) {
    this.#functions = functions;
    this.#view = arena.memory.view;
    this.#arena = arena.pointer(0);
    this.#scratch = arena.pointer(arena.reserve(SCRATCH_SIZE, 64));
    this.#single = arena.reserve(DESCRIPTOR_SIZE);
  }

  seal(key: number, message: number, length: number): void {
    this.#describe(key, message, length);
    this.sealBatch(this.#single, 1);
  }

  open(key: number, message: number, length: number): boolean {
    this.#describe(key, message, length);
    this.openBatch(this.#single, 1);
    return this.#view.getUint32(this.#single + 12, true) === 1;
  }

  sealBatch(list: number, count: number): void {
    this.#functions.sealBatch(this.#arena, list, count, this.#scratch);
  }

  openBatch(list: number, count: number): void {
    this.#functions.openBatch(this.#arena, list, count, this.#scratch);
  }

  #describe(key: number, message: number, length: number): void {
    const view = this.#view;
    const at = this.#single;
    view.setUint32(at, key, true);
    view.setUint32(at + 4, message, true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 12, 0, true);
  }
}
