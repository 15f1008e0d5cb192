import { FREQUENT, SYMBOLS } from "./libc_symbols.ts";

const LIBRARY = "libc.so.6";

/** Every function of the table. Results of -1 mean failure: see {@linkcode errno}. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/**
 * The C library. Importing this opens nothing: each function is bound at its first use, for that takes time
 * (see {@linkcode FREQUENT}), and most commands use a few of them. A function once bound stays the same
 * object, so hot code may keep it: `const { sendmmsg } = libc`.
 *
 * @throws Error when the system's C library isn't glibc
 */
export const libc: Libc = bindLazily();

function bindLazily(): Libc {
  const functions = {} as Libc;
  for (const name of Object.keys(SYMBOLS) as (keyof typeof SYMBOLS)[]) {
    Object.defineProperty(functions, name, {
      configurable: true,
      enumerable: true,
      get() {
        // Binding calls the C library itself, so it must not fall between a failed call and errno().
        errnoCell();
        const value = bind(name);
        Object.defineProperty(functions, name, { value });
        return value;
      },
    });
  }
  return functions;
}

function bind<Name extends keyof Libc>(name: Name): Libc[Name] {
  const definition: Deno.ForeignFunction & { readonly name?: string } = SYMBOLS[name];
  try {
    if (FREQUENT.has(name) || definition.nonblocking) {
      return Deno.dlopen(LIBRARY, { [name]: definition } as unknown as typeof SYMBOLS)
        .symbols[name];
    }
    const { address } = Deno.dlopen(LIBRARY, {
      address: { name: definition.name ?? name, type: "pointer" },
    }).symbols;
    if (address === null) throw new Error("it is nowhere");
    const pointer = new Deno.UnsafeFnPointer(address as Deno.PointerObject<never>, definition);
    return pointer.call.bind(pointer) as unknown as Libc[Name];
  } catch (cause) {
    throw new Error(`Cannot use ${name} of ${LIBRARY}: this program needs Linux with glibc`, {
      cause,
    });
  }
}

let cell: Int32Array | null = null;

/** This thread's errno, as memory. */
function errnoCell(): Int32Array {
  if (cell === null) {
    const location = bind("__errno_location")();
    if (location === null) throw new Error(`${LIBRARY} has no errno`);
    cell = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  }
  return cell;
}

/**
 * The error number of the last failed call on this thread, to be read at once after a synchronous call
 * that returned -1. Nothing may come between, not even the making of a string: an allocation may start
 * a garbage collection, whose own system calls change errno now and then. Even so about one call in a
 * million is followed by one: what would end a tunnel must not hang on an unexpected value.
 *
 * A nonblocking call runs on another thread, so its errno is lost.
 */
export function errno(): number {
  return errnoCell()[0] ?? 0;
}
