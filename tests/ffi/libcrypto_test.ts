import assert from "node:assert/strict";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import type { X25519 } from "../../core/crypto/crypto.ts";
import { memoryOf } from "../../core/memory.ts";
import { Arena } from "../../ffi/arena.ts";
import { LIBCRYPTO, type Libcrypto, openLibcrypto } from "../../ffi/libcrypto.ts";
import {
  OSSL_PARAM,
  OSSL_PARAM_OCTET_STRING,
  OSSL_PARAM_SIZE,
} from "../../ffi/libcrypto_params.ts";
import { LibcryptoTransportAead } from "../../ffi/libcrypto_transport.ts";
import {
  EVP_PKEY_KEYPAIR,
  EVP_PKEY_PUBLIC_KEY,
  LibcryptoX25519,
} from "../../ffi/libcrypto_x25519.ts";
import { Bytes } from "../core/crypto/bytes.ts";
import { libcrypto } from "../core/crypto/implementations.ts";
import { evaluateC, hasCompiler } from "./c_program.ts";
import { MASK } from "./programs/libcrypto_secrets.ts";

/** What else the tests ask libcrypto. */
const errors = libcrypto === null ? null : Deno.dlopen(LIBCRYPTO, {
  ERR_peek_error: { parameters: [], result: "u64" },
}).symbols;

/** A test that is ignored, and says so, where there is no libcrypto. */
function libcryptoTest(name: string, body: (library: Libcrypto) => void | Promise<void>): void {
  Deno.test({
    name: libcrypto === null ? `${name} (needs ${LIBCRYPTO})` : name,
    ignore: libcrypto === null,
    fn: () => libcrypto === null ? undefined : body(libcrypto),
  });
}

/** Takes the place of what must not be needed. */
const NO_FALLBACK: X25519 = {
  x25519: () => assert.fail("libcrypto was not used"),
  x25519Base: () => assert.fail("libcrypto was not used"),
};

const KEY = 64;
const MESSAGE = 1024;

/** Transport data by `library`, on an arena whose first 64 KiB are free. */
function transportOf(library: Libcrypto): { aead: LibcryptoTransportAead; arena: Arena } {
  const arena = new Arena(1 << 18);
  arena.reserve(1 << 16);
  return { aead: new LibcryptoTransportAead(arena, library), arena };
}

/** `library`, but the functions in `instead`. */
function withFunctions(
  library: Libcrypto,
  instead: Partial<Record<keyof Libcrypto["functions"], unknown>>,
): Libcrypto {
  const functions = { ...library.functions, ...instead } as Libcrypto["functions"];
  return { ...library, functions };
}

Deno.test("libcrypto: a missing library, and one without a function, are named", () => {
  assert.throws(
    () => openLibcrypto("libnowhere.so.3"),
    /^Error: libnowhere\.so\.3: cannot open shared object file: No such file or directory$/,
  );
  assert.throws(() => openLibcrypto("libc.so.6"), /libc\.so\.6: undefined symbol: \w+$/);
});

libcryptoTest("libcrypto: is opened once", (library) => {
  assert.equal(openLibcrypto(), library);
  assert.match(library.version, /^OpenSSL 3\./);
});

libcryptoTest("libcrypto: X25519 is its own, not the fallback's", (library) => {
  const x25519 = new LibcryptoX25519(new Arena(65536), library, NO_FALLBACK);
  const reference = createNobleCrypto(memoryOf(new ArrayBuffer(0))).handshake;
  const random = new Bytes(1);
  const [out, expected] = [new Uint8Array(32), new Uint8Array(32)];
  for (let i = 0; i < 20; i++) {
    const [privateKey, point] = [random.take(32), random.take(32)];
    assert.equal(x25519.x25519(out, privateKey, point), true);
    reference.x25519(expected, privateKey, point);
    assert.deepEqual(out, expected);
    x25519.x25519Base(out, privateKey);
    reference.x25519Base(expected, privateKey);
    assert.deepEqual(out, expected);
  }
});

libcryptoTest("libcrypto: where X25519 fails, the fallback computes it", (library) => {
  const fallback = createNobleCrypto(memoryOf(new ArrayBuffer(0))).handshake;
  const { functions } = library;
  const failing = [
    { EVP_PKEY_fromdata: () => 0 },
    { EVP_PKEY_CTX_new_from_pkey: () => null },
    { EVP_PKEY_derive_init: () => -1 },
    { EVP_PKEY_derive_set_peer_ex: () => 0 },
    { EVP_PKEY_derive: () => 0 },
  ];
  const privateKey = new Bytes(2).take(32);
  const [out, expected] = [new Uint8Array(32), new Uint8Array(32)];
  fallback.x25519Base(expected, privateKey);
  for (const instead of failing) {
    let [made, freed] = [0, 0];
    const counting = withFunctions(library, {
      EVP_PKEY_CTX_free(context: Deno.PointerValue) {
        freed++;
        functions.EVP_PKEY_CTX_free(context);
      },
      EVP_PKEY_CTX_new_from_pkey(...args: Parameters<typeof functions.EVP_PKEY_CTX_new_from_pkey>) {
        made++;
        return functions.EVP_PKEY_CTX_new_from_pkey(...args);
      },
      ...instead,
    });
    const x25519 = new LibcryptoX25519(new Arena(65536), counting, fallback);
    x25519.x25519Base(out.fill(0), privateKey);
    assert.deepEqual(out, expected, Object.keys(instead)[0]);
    assert.equal(freed, made);
  }
});

libcryptoTest("libcrypto: a message that can't be sealed has no plaintext in it", (library) => {
  const length = 1000;
  for (
    const name of [
      "EVP_EncryptInit_ex2",
      "EVP_EncryptUpdate",
      "EVP_EncryptFinal_ex",
      "EVP_CIPHER_CTX_get_params",
    ] as const
  ) {
    let fails = true;
    const real = library.functions[name] as (...args: unknown[]) => number;
    const broken = withFunctions(library, {
      [name]: (...args: unknown[]) => fails ? 0 : real(...args),
    });
    const { aead, arena: { memory: { bytes } } } = transportOf(broken);
    const plaintext = new Bytes(3).take(16 + length);
    bytes.set(plaintext, MESSAGE);
    bytes.fill(0xa5, MESSAGE + 16 + length + 16, MESSAGE + 16 + length + 32);
    aead.seal(KEY, MESSAGE, length);
    assert.deepEqual(bytes.slice(MESSAGE, MESSAGE + 16), plaintext.slice(0, 16));
    const sealed = bytes.subarray(MESSAGE + 16, MESSAGE + 16 + length + 16);
    assert.ok(sealed.every((byte) => byte === 0), name);
    assert.equal(bytes[MESSAGE + 16 + length + 16], 0xa5);

    // It works again when libcrypto does.
    fails = false;
    bytes.set(plaintext, MESSAGE);
    aead.seal(KEY, MESSAGE, length);
    assert.equal(aead.open(KEY, MESSAGE, length), true);
    assert.deepEqual(bytes.slice(MESSAGE, MESSAGE + 16 + length), plaintext);
  }
});

libcryptoTest("libcrypto: what fails leaves no error queued", (library) => {
  assert.ok(errors);
  const { aead, arena } = transportOf(library);
  const x25519 = new LibcryptoX25519(arena, library, {
    x25519: () => false,
    x25519Base: () => undefined,
  });
  library.functions.ERR_clear_error();
  for (let i = 0; i < 40; i++) {
    assert.equal(aead.open(KEY, MESSAGE, i), false);
    assert.equal(x25519.x25519(new Uint8Array(32), new Uint8Array(32), new Uint8Array(32)), false);
    assert.equal(errors.ERR_peek_error(), 0n);
  }
});

libcryptoTest("libcrypto: memory stays as it is over a million messages", (library) => {
  const { aead, arena } = transportOf(library);
  const x25519 = new LibcryptoX25519(arena, library, NO_FALLBACK);
  const out = new Uint8Array(32);
  const point = new Uint8Array(32).fill(9);
  const work = (messages: number) => {
    for (let i = 0; i < messages; i++) {
      aead.seal(KEY, MESSAGE, 32);
      if (!aead.open(KEY, MESSAGE, 32)) assert.fail("not opened");
      // Forged ones too.
      if (i % 64 === 0 && aead.open(KEY, MESSAGE, 48)) assert.fail("opened");
      if (i % 64 === 0) x25519.x25519(out, point, point);
    }
  };
  work(100_000);
  const before = anonymousMemory();
  work(1_000_000);
  const grown = anonymousMemory() - before;
  // A leak of one byte a message would be seen, and garbage to collect isn't taken for one.
  assert.ok(grown < 1_000_000 * 4, `grown by ${grown} bytes`);
});

/** Bytes of this process that no file backs. */
function anonymousMemory(): number {
  const kilobytes = /^RssAnon:\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
  return Number(kilobytes) * 1024;
}

for (const keep of [true, false]) {
  const name = keep
    ? "libcrypto: the test for erased secrets finds those that aren't"
    : "libcrypto: no secret outlives the call it was given to";
  libcryptoTest(name, async () => {
    const program = new URL("programs/libcrypto_secrets.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", program, keep ? "keep" : "erase"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    try {
      const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      const [opened, masked = ""] = ((await reader.read()).value ?? "").trim().split(" ");
      assert.equal(opened, "false");
      const secrets = Uint8Array.fromHex(masked).map((byte) => byte ^ MASK);
      assert.equal(secrets.length, 4 * 32);
      const counts = countInMemory(
        child.pid,
        [0, 32, 64, 96].map((at) => secrets.subarray(at, at + 32)),
      );
      assert.equal(counts.every((count) => keep ? count > 0 : count === 0), true, `${counts}`);
      await reader.cancel();
    } finally {
      await child.stdin.close();
      await child.status;
    }
  });
}

/** How often each of `needles`, of which half is enough, is in the writable memory of a process. */
function countInMemory(pid: number, needles: readonly Uint8Array[]): number[] {
  const halves = needles.map((needle) => toText(needle.subarray(8, 24)));
  const counts = needles.map(() => 0);
  using memory = Deno.openSync(`/proc/${pid}/mem`);
  const chunk = new Uint8Array(1 << 20);
  for (const line of Deno.readTextFileSync(`/proc/${pid}/maps`).split("\n")) {
    const [, start = "", end = "", rights = ""] = /^(\w+)-(\w+) (\S+)/.exec(line) ?? [];
    if (!rights.startsWith("rw")) continue;
    const [first, last] = [BigInt(`0x${start}`), BigInt(`0x${end}`)];
    for (let at = first; at < last; at += BigInt(chunk.length - 32)) {
      const rest = Number(last - at);
      let read: number | null;
      try {
        memory.seekSync(at, Deno.SeekMode.Start);
        read = memory.readSync(rest < chunk.length ? chunk.subarray(0, rest) : chunk);
      } catch {
        // Reserved, but not to be read.
        break;
      }
      const text = toText(chunk.subarray(0, read ?? 0));
      halves.forEach((half, i) => counts[i] = (counts[i] ?? 0) + (text.includes(half) ? 1 : 0));
    }
  }
  return counts;
}

const latin1 = new TextDecoder("latin1");
function toText(bytes: Uint8Array): string {
  return latin1.decode(bytes);
}

Deno.test({
  name: "libcrypto: constants and structures are those of OpenSSL's headers",
  ignore: !hasCompiler,
  async fn() {
    const expected: Record<string, number> = {
      OSSL_PARAM_OCTET_STRING,
      EVP_PKEY_PUBLIC_KEY,
      EVP_PKEY_KEYPAIR,
      OPENSSL_INIT_NO_LOAD_CONFIG: 0x80,
      OPENSSL_VERSION: 0,
      "sizeof(OSSL_PARAM)": OSSL_PARAM_SIZE,
    };
    for (const [field, offset] of Object.entries(OSSL_PARAM)) {
      expected[`offsetof(OSSL_PARAM, ${field})`] = offset;
    }
    const headers = ["openssl/evp.h", "openssl/core.h", "openssl/crypto.h"];
    const values = await evaluateC(headers, Object.keys(expected));
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(values.get(name), BigInt(value), name);
    }
  },
});
