import assert from "node:assert/strict";
import { chooseCrypto, type CryptoOptions } from "../../../cli/engine/choose_crypto.ts";
import {
  BACKENDS,
  type Backends,
  type CreateBackend,
} from "../../../cli/engine/crypto_backends.ts";
import { CRYPTO_CHOICES, parseCryptoChoice } from "../../../cli/engine/crypto_choice.ts";
import {
  BACKEND_NAMES,
  type BackendName,
  cryptoChoices,
  type ReportedCrypto,
} from "../../../cli/engine/crypto_report.ts";
import type { Crypto, TransportAead } from "../../../core/crypto/crypto.ts";
import { SELF_TEST_SIZE, testTransport } from "../../../core/crypto/self_test.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../../core/crypto/wasm.ts";
import { Arena } from "../../../ffi/arena.ts";
import { openLibcrypto } from "../../../ffi/libcrypto.ts";
import { createNativeTransport } from "../../../ffi/native_crypto.ts";
import { libcrypto } from "../../core/crypto/implementations.ts";

const MAIN = new URL("../../../cli/main.ts", import.meta.url).pathname;

// Loaded before the first test, because a test may not leave a library behind.
const hasNative = createNativeTransport(new Arena(1)) !== null;

/** Something that computes as WebAssembly does, under the name of a part of the machine. */
function stand(name: BackendName, change: (crypto: Crypto) => Partial<Crypto> = () => ({})) {
  const create: CreateBackend = (arena) => {
    const wasm = createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE));
    const crypto = { ...wasm, name };
    return { ...crypto, ...change(crypto) };
  };
  return () => Promise.resolve(create);
}

/** Transport data that is sent in plaintext, and whatever comes is opened. */
const BROKEN: TransportAead = {
  seal() {},
  open: () => true,
  sealBatch() {},
  openBatch() {},
};

const missing = (reason: string) => () => Promise.reject(new Error(reason));
const unwanted = () => Promise.reject(assert.fail("must not be loaded"));

/** Chooses among stand-ins, with the times that packets are said to take. */
async function choose(
  options: CryptoOptions & { times?: number[] },
  backends: Partial<Backends> = {},
): Promise<{ crypto: ReportedCrypto; log: string[]; chosen: string }> {
  const log: string[] = [];
  const { times = [], ...rest } = options;
  const create = await chooseCrypto({
    logger: {
      error: (line) => log.push(`error ${line}`),
      info: (line) => log.push(`info ${line}`),
      debug: (line) => log.push(`debug ${line}`),
    },
    measure: () => times.shift() ?? assert.fail("measured too often"),
    backends: {
      native: stand("native"),
      libcrypto: stand("libcrypto"),
      wasm: stand("wasm"),
      noble: stand("noble"),
      ...backends,
    },
    ...rest,
  });
  assert.deepEqual(times, []);
  const crypto = create(new Arena(1 << 16));
  const { backends: reports = [] } = crypto.report ?? {};
  assert.deepEqual(reports.map(({ name }) => name), BACKEND_NAMES);
  const chosen = reports.filter(({ parts }) => parts.length > 0)
    .map(({ name, parts }) => `${name}: ${parts.join(" ")}`).join(", ");
  return { crypto, log, chosen };
}

function reasonOf({ report }: ReportedCrypto, backend: BackendName): string | undefined {
  return report?.backends.find(({ name }) => name === backend)?.reason;
}

Deno.test("--crypto has these values, and no others", () => {
  for (const choice of CRYPTO_CHOICES) assert.equal(parseCryptoChoice(choice), choice);
  for (const bad of ["", "AUTO", "openssl", "wasm ", "toString"]) {
    assert.equal(parseCryptoChoice(bad), null);
  }
});

Deno.test("auto takes native code that is fast, and loads and measures nothing else", async () => {
  const { crypto, log, chosen } = await choose({ times: [500] }, {
    libcrypto: unwanted,
    noble: unwanted,
  });
  assert.equal(crypto.name, "native");
  assert.equal(chosen, "native: transport, wasm: x25519 handshake");
  assert.deepEqual(log, [
    "debug cryptography: native takes 500 ns for 1420 bytes",
    "info cryptography: native for transport data, wasm for key agreement and handshakes",
  ]);
  assert.deepEqual(cryptoChoices(crypto), [
    { name: "native", on: true, reason: "transport data" },
    { name: "libcrypto", on: false, reason: "native is fast enough" },
    { name: "wasm", on: true, reason: "key agreement and handshakes" },
    { name: "noble", on: false, reason: "native is fast enough" },
  ]);
});

Deno.test("auto takes WebAssembly where native code is slower", async () => {
  const { chosen, crypto } = await choose({ times: [2500, 2400] }, { libcrypto: unwanted });
  assert.equal(chosen, "wasm: transport x25519 handshake");
  assert.equal(reasonOf(crypto, "native"), "wasm is faster");
  assert.match((await choose({ times: [2500, 2600] })).chosen, /^native: transport,/);
});

Deno.test("auto takes libcrypto for all it can do where there is no native code", async () => {
  const native = missing("this processor has no AVX2");
  const { chosen, crypto, log } = await choose({ times: [1200, 900] }, { native });
  assert.equal(chosen, "libcrypto: transport x25519, wasm: handshake");
  assert.equal(reasonOf(crypto, "native"), "this processor has no AVX2");
  assert.equal(reasonOf(crypto, "wasm"), "libcrypto is faster");
  assert.equal(log[0], "info cryptography: native is not used: this processor has no AVX2");
});

Deno.test("auto takes WebAssembly where it is faster than libcrypto", async () => {
  const native = missing("no");
  const { chosen, crypto } = await choose({ times: [1200, 1300] }, { native });
  assert.equal(chosen, "wasm: transport x25519 handshake");
  assert.equal(reasonOf(crypto, "libcrypto"), "wasm is faster");
});

Deno.test("auto does without native code and libcrypto", async () => {
  const { chosen, crypto, log } = await choose({ times: [1200] }, {
    native: missing("no"),
    libcrypto: () => Promise.resolve(openLibcrypto("libnowhere.so.3")).then(() => assert.fail()),
  });
  assert.equal(chosen, "wasm: transport x25519 handshake");
  assert.match(reasonOf(crypto, "libcrypto") ?? "", /^libnowhere\.so\.3: cannot open/);
  assert.equal(log.some((line) => line.startsWith("error")), false);
});

Deno.test("auto doesn't use what computes wrongly, whatever it is, and tells of it", async () => {
  const transport = () => ({ transport: BROKEN });
  const native = stand("native", transport);
  const { chosen, crypto, log } = await choose({ times: [1200, 900] }, { native });
  assert.equal(chosen, "libcrypto: transport x25519, wasm: handshake");
  assert.equal(reasonOf(crypto, "native"), "it seals wrongly");
  assert.equal(log[0], "error cryptography: native is not used: it seals wrongly");

  const agreement = ({ handshake }: Crypto) => ({
    handshake: new Proxy(handshake, {
      get(target, name) {
        if (name === "x25519") return () => true;
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
  });
  const other = await choose({ times: [1200] }, {
    native,
    libcrypto: stand("libcrypto", agreement),
  });
  assert.equal(other.chosen, "wasm: transport x25519 handshake");
  assert.equal(reasonOf(other.crypto, "libcrypto"), "its X25519 is wrong");

  const wasm = stand("wasm", ({ checksum }) => ({ checksum: { ...checksum, sum: () => 0 } }));
  const none = await choose({}, { native, libcrypto: missing("no"), wasm });
  assert.equal(none.chosen, "noble: transport x25519 handshake");
  assert.equal(reasonOf(none.crypto, "wasm"), "its checksums are wrong");
});

Deno.test("auto refuses to encrypt where nothing computes correctly", async () => {
  const broken = { wasm: stand("wasm", () => ({ transport: BROKEN })), noble: missing("no") };
  await assert.rejects(choose({}, broken), /^Error: Cannot encrypt: nothing computes correctly/);
});

Deno.test("what is asked for by name is used, however slow, and nothing else is loaded", async () => {
  const others = { native: unwanted, libcrypto: unwanted, wasm: unwanted, noble: unwanted };
  const cases: [BackendName, BackendName[], string][] = [
    ["native", ["wasm"], "native: transport, wasm: x25519 handshake"],
    ["libcrypto", ["wasm"], "libcrypto: transport x25519, wasm: handshake"],
    ["wasm", [], "wasm: transport x25519 handshake"],
    ["noble", [], "noble: transport x25519 handshake"],
  ];
  for (const [choice, loaded, expected] of cases) {
    const backends: Record<BackendName, Backends[BackendName]> = { ...others };
    for (const name of [choice, ...loaded]) backends[name] = stand(name);
    const times = choice === "noble" ? [] : [9999];
    const { chosen, crypto } = await choose({ choice, times }, backends);
    assert.equal(chosen, expected);
    assert.equal(crypto.name, choice);
    const idle = BACKEND_NAMES.filter((name) => name !== choice && !loaded.includes(name));
    for (const name of idle) assert.equal(reasonOf(crypto, name), "not asked for");
  }
});

Deno.test("what is asked for by name but can't be used, or is broken, is an error", async () => {
  for (const choice of BACKEND_NAMES) {
    await assert.rejects(
      choose({ choice }, { [choice]: missing("it is gone") }),
      new Error(`Cannot use ${choice} for cryptography: it is gone`),
    );
    await assert.rejects(
      choose({ choice }, { [choice]: stand(choice, () => ({ transport: BROKEN })) }),
      new Error(`Cannot use ${choice} for cryptography: it seals wrongly`),
    );
  }
});

for (const choice of CRYPTO_CHOICES) {
  const ignore = (choice === "libcrypto" && libcrypto === null) ||
    (choice === "native" && !hasNative);
  for (const shared of [false, true]) {
    const memory = shared ? "a shared arena" : "an arena";
    Deno.test({
      name: `--crypto=${choice} works on ${memory}, with what this machine has`,
      ignore,
      async fn() {
        const create = await chooseCrypto({ choice, shared });
        const arena = new Arena(1 << 18, { shared });
        const crypto = create(arena);
        if (choice !== "auto") assert.equal(crypto.name, choice);
        const region = arena.reserve(SELF_TEST_SIZE);
        const { transport, handshake } = crypto;
        assert.equal(testTransport(transport, arena.memory, region, handshake), null);
      },
    });
  }
}

Deno.test("without SIMD, noble does what native code and libcrypto don't", async () => {
  const wasm = missing("this machine has no WebAssembly SIMD");
  const create = await chooseCrypto({ backends: { ...BACKENDS, wasm } });
  const { name, report } = create(new Arena(1 << 18));
  if (hasNative) assert.equal(name, "native");
  const noble = report?.backends.find(({ name }) => name === "noble");
  assert.ok(noble?.parts.includes("handshake"));
});

for (const command of ["run", "up"]) {
  for (const how of ["option", "environment"] as const) {
    Deno.test(`${command} with a bad crypto by ${how} says so in one line, and does nothing`, async () => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", MAIN, command]
          .concat(how === "option" ? "--crypto=rot13" : [], "wgbadcry0"),
        env: how === "environment" ? { WGTS_CRYPTO: "rot13" } : {},
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      assert.equal(code, 1);
      assert.equal(decoder.decode(stdout), "");
      const name = how === "option" ? "--crypto" : "WGTS_CRYPTO";
      assert.equal(
        decoder.decode(stderr),
        `wgts: Cannot use ${name}=rot13: expected one of "auto", "wasm", "libcrypto", "native", ` +
          `"noble"\n`,
      );
      await assert.rejects(Deno.stat("/sys/class/net/wgbadcry0"), Deno.errors.NotFound);
    });
  }
}
