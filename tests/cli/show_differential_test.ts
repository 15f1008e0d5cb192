/** `show` prints the bytes that Debian's `wg` prints for the same answer of a control socket. */

import "../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import { memoryOf } from "../../core/memory.ts";
import { formatShowField } from "../../core/show/fields.ts";
import { SHOW_FIELDS } from "../../core/show/field_names.ts";
import { formatShow } from "../../core/show/pretty.ts";
import { formatShowconf } from "../../core/show/showconf.ts";
import { parseUapiGet } from "../../core/uapi/parse_get.ts";
import { DumpPrinter } from "../../core/show/peer_printers.ts";
import { getInterface, readToShow } from "../../cli/system/interfaces.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { FakeControlSocket } from "./fake_control_socket.ts";
import { runWg, WG_VERSION, wgTest } from "./wg_oracle.ts";

const crypto = createNobleCrypto(memoryOf(new ArrayBuffer(1024)));

function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const key = new Uint8Array(32);
  crypto.handshake.x25519Base(key, privateKey);
  return key;
}

/** A key of 32 equal bytes, in hex. */
const key = (byte: number) => byte.toString(16).padStart(2, "0").repeat(32);
const seconds = () => Math.floor(Date.now() / 1000);
const socketName = `wgtsd${Deno.pid}`;

/** Compares all that `wg show` and `showconf` say of an interface whose socket answers `lines`. */
async function compareAll(socket: FakeControlSocket, lines: string): Promise<void> {
  socket.answer = `${lines}errno=0\n\n`;
  const { name } = socket;
  for (const color of [false, true]) {
    for (const showKeys of [false, true]) {
      const env = {
        WG_COLOR_MODE: color ? "always" : "never",
        WG_HIDE_KEYS: showKeys ? "never" : "always",
      };
      await compare(
        socket,
        ["show", name],
        (state, wall) => formatShow(state, { wall: () => wall, color, showKeys }),
        env,
      );
    }
  }
  for (const field of SHOW_FIELDS) {
    await compare(socket, ["show", name, field], (state) => formatShowField(state, field, false));
  }
  await compare(socket, ["showconf", name], formatShowconf);
}

async function compare(
  socket: FakeControlSocket,
  args: string[],
  format: (state: InterfaceState, wall: number) => string,
  env: Record<string, string> = {},
): Promise<void> {
  for (;;) {
    // wg asks time(2), which begins each second a tick of the kernel later.
    if (Date.now() % 1000 < 20) continue;
    const before = seconds();
    const { stdout, code, stderr } = await runWg(args, env);
    // Both must have counted ages from the same second.
    if (seconds() !== before) continue;
    assert.equal(code, 0, stderr);
    const wall = before * 1000;
    const state = parseUapiGet(socket.answer, { name: socket.name, publicKeyOf, wall });
    assert.equal(format(state, wall), stdout, `${args.join(" ")} of\n${socket.answer}`);
    return;
  }
}

const CASES: Record<string, () => string> = {
  "an empty interface": () => "",
  "an interface without peers": () =>
    `private_key=${key(0x40)}\nlisten_port=51820\nfwmark=4294967295\n`,
  "a private key that isn't clamped": () => `private_key=${key(0xff)}\n`,
  "peers without anything": () => `public_key=${key(1)}\npublic_key=${key(2)}\n`,
  "keys, endpoints and allowed IPs": () =>
    `private_key=${key(0x40)}\nlisten_port=1\nfwmark=1\n` +
    `public_key=${key(1)}\npreshared_key=${
      key(0)
    }\nprotocol_version=1\nendpoint=192.0.2.1:51820\n` +
    `allowed_ip=0.0.0.0/0\nallowed_ip=::/0\npersistent_keepalive_interval=25\n` +
    `public_key=${key(2)}\npreshared_key=${key(9)}\nendpoint=[2001:db8::1]:65535\n` +
    `allowed_ip=::ffff:1.2.3.4/128\nallowed_ip=::1.2.3.4/128\nallowed_ip=::1/128\n` +
    `public_key=${key(3)}\nendpoint=[fe80::1%lo]:1\nallowed_ip=1:0:0:2:0:0:0:3/128\n` +
    `allowed_ip=1:0:0:2:3:0:0:4/128\nallowed_ip=::2:3:4:5:6:7:8/128\nallowed_ip=0:1::/32\n`,
  "keys of a newer server": () => `public_key=${key(1)}\nnot_known_yet=1\nprotocol_version=2\n`,
  "handshakes of many ages": () =>
    [0, 1, 2, 59, 60, 61, 3600, 3661, 86400, 90061, 31536000, 31622461, 94694400, 1e9, -1, -100]
      .map((age, i) => `public_key=${key(i + 1)}\nlast_handshake_time_sec=${seconds() - age}\n`)
      .join(""),
  "peers with equal handshakes": () =>
    Array.from({ length: 20 }, (_, i) => {
      const handshake = `last_handshake_time_sec=${seconds() - i % 3}\n`;
      return `public_key=${key(i + 1)}\n${handshake}last_handshake_time_nsec=${i % 4}\n`;
    }).join(""),
  "intervals of many lengths": () =>
    [1, 2, 59, 60, 61, 120, 3599, 3600, 3601, 7325, 65535]
      .map((s, i) => `public_key=${key(i + 1)}\npersistent_keepalive_interval=${s}\n`).join(""),
  "bytes of all units": () => {
    const counts = [1, 1023, 1024, 1025, 1152, 1408, 1029, 1034, 10239];
    for (const power of [2, 3, 4, 5]) {
      for (const part of [1, 1.125, 1.375, 1.005, 9.999999, 999.995, 1023.999]) {
        counts.push(Math.floor(1024 ** power * part), Math.floor(1024 ** power * part) - 1);
      }
    }
    counts.push(Number.MAX_SAFE_INTEGER);
    return counts.map((count, i) =>
      `public_key=${key(i + 1)}\nrx_bytes=${count}\ntx_bytes=${counts.at(-1 - i)}\n`
    ).join("");
  },
};

for (const [name, lines] of Object.entries(CASES)) {
  wgTest(`show prints the bytes of wg show: ${name}`, { root: true }, async () => {
    using socket = new FakeControlSocket(socketName);
    await compareAll(socket, lines());
  });
}

/** Endpoints with zones, of which `wg` writes each in one way, however a server does. */
const ZONED = ["fe80::1%lo", "fe80::1%1", "fe80::1%001", "fe80::1%0", "fe80::1%99", "febf::1%1"]
  .concat(["ff02::1%1", "ff12::1%lo", "ff01::1%lo", "ff01::1%1", "ff05::1%1", "fec0::1%1"])
  .concat(["::1%0", "::1%1", "2001:db8::1%4294967295", "2001:db8::1"])
  .map((address) => `[${address}]:5`);

wgTest("zones are shown as wg shows them, in answers of any length", { root: true }, async () => {
  using socket = new FakeControlSocket(socketName);
  const { name } = socket;
  const peers = ZONED.map((endpoint, i) => `public_key=${key(i + 1)}\nendpoint=${endpoint}\n`);
  for (const times of [1, 400]) {
    socket.answer = `${peers.join("").repeat(times)}errno=0\n\n`;
    const state = await getInterface(name, 0);
    for (const field of ["endpoints", "dump"] as const) {
      const { stdout } = await runWg(["show", name, field]);
      assert.equal(formatShowField(state, field, false), stdout);
    }
    const { stdout } = await runWg(["showconf", name]);
    assert.equal(formatShowconf(state), stdout);
    const printed = await readToShow(name, 0, {
      publicKey: false,
      printer: () => Promise.resolve(new DumpPrinter("")),
    });
    assert.equal(printed.peers === null, times === 1, "only long answers are printed as they come");
    if (printed.peers === null) continue;
    const decoder = new TextDecoder();
    const parts = [...printed.peers.parts()].map((part) => decoder.decode(part, { stream: true }));
    const dump = await runWg(["show", name, "dump"]);
    assert.equal(parts.join(""), dump.stdout.slice(dump.stdout.indexOf("\n") + 1));
  }
});

wgTest("show prints the bytes of wg show: random interfaces", { root: true }, async () => {
  const hexKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex());
  const optional = <T>(name: string, value: fc.Arbitrary<T>) =>
    fc.option(value, { nil: null }).map((v) => v === null ? "" : `${name}=${v}\n`);
  const allowedIp = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
  ).map(([ip, length]) => `allowed_ip=${ip}/${length}\n`);
  const port = fc.integer({ min: 1, max: 65535 });
  const peer = fc.tuple(
    hexKey.map((key) => `public_key=${key}\n`),
    optional("preshared_key", hexKey),
    optional("endpoint", fc.tuple(fc.ipV4(), port).map(([ip, port]) => `${ip}:${port}`)),
    optional("last_handshake_time_sec", fc.integer({ min: 0, max: 2_000_000_000 })),
    optional("last_handshake_time_nsec", fc.integer({ min: 0, max: 999_999_999 })),
    optional("tx_bytes", fc.maxSafeNat()),
    optional("rx_bytes", fc.oneof(fc.maxSafeNat(), fc.nat(2_000_000))),
    optional("persistent_keepalive_interval", fc.integer({ min: 0, max: 65535 })),
    fc.array(allowedIp, { maxLength: 4 }).map((lines) => lines.join("")),
  ).map((lines) => lines.join(""));
  const device = fc.tuple(
    optional("private_key", hexKey),
    optional("listen_port", port),
    optional("fwmark", fc.integer({ min: 0, max: 0xffff_ffff })),
    fc.array(peer, { maxLength: 8 }).map((peers) => peers.join("")),
  ).map((lines) => lines.join(""));
  using socket = new FakeControlSocket(socketName);
  await fc.assert(
    fc.asyncProperty(device, (lines) => compareAll(socket, lines)),
    // Each run starts many processes: shrinking would take longer than it is worth.
    { numRuns: 15, endOnFailure: true },
  );
});

wgTest("show all prints the bytes of wg show all", { root: true }, async () => {
  using socket = new FakeControlSocket(socketName);
  socket.answer = CASES["keys, endpoints and allowed IPs"]?.() + "errno=0\n\n";
  const { name } = socket;
  const state = parseUapiGet(socket.answer, { name, publicKeyOf, wall: Date.now() });
  for (const field of SHOW_FIELDS) {
    // Until 20250521 the prefix was missing there.
    if (field === "endpoints" && WG_VERSION !== null && WG_VERSION < 20250521) continue;
    const { stdout } = await runWg(["show", "all", field]);
    // Other interfaces may come and go meanwhile.
    const ours = stdout.split("\n").filter((line) => line.startsWith(`${name}\t`));
    assert.equal(formatShowField(state, field, true), ours.map((line) => line + "\n").join(""));
  }
});
