/** Requests on the control socket mean what they mean to `wg` and to wireguard-go. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseWgConfig } from "../../core/config/wg.ts";
import { formatHexKey, formatKey } from "../../core/keys.ts";
import { formatUapiSet } from "../../core/uapi/client.ts";
import { UapiRequestParser } from "../../core/uapi/request_parser.ts";
import { formatUapiEndpoint, parseUapiEndpoint } from "../../core/uapi/values.ts";
import { DEVICE_LINES, KEY_HEX, PEER_LINES } from "../core/uapi/wrong_lines.ts";
import { FakeControlSocket } from "./fake_control_socket.ts";
import { runWg, wgTest } from "./wg_oracle.ts";

/** What an interface holds after a `set` request: a plain model of the cross-platform protocol. */
function stateAfter(request: string): unknown {
  const parser = new UapiRequestParser();
  parser.push(new TextEncoder().encode(request));
  const device: Record<string, unknown> = {};
  const peers = new Map<string, { values: Map<string, unknown>; allowedIps: Map<string, true> }>();
  let peer = { values: new Map<string, unknown>(), allowedIps: new Map<string, true>() };
  for (let event = parser.next(); event !== null; event = parser.next()) {
    switch (event.kind) {
      case "set":
      case "replace_peers":
      case "protocol_version":
        break;
      case "end":
        return { device, peers };
      case "private_key":
        device[event.kind] = formatKey(event.value);
        break;
      case "listen_port":
      case "fwmark":
        device[event.kind] = event.value;
        break;
      case "public_key": {
        const name = formatKey(event.value);
        peer = peers.get(name) ?? { values: new Map(), allowedIps: new Map() };
        peers.set(name, peer);
        break;
      }
      case "preshared_key":
        peer.values.set(event.kind, formatKey(event.value));
        break;
      case "endpoint":
        peer.values.set(event.kind, formatUapiEndpoint(event.value));
        break;
      case "persistent_keepalive_interval":
        peer.values.set(event.kind, event.value);
        break;
      case "replace_allowed_ips":
        peer.allowedIps.clear();
        break;
      case "allowed_ip": {
        // A prefix belongs to the last peer that claims it.
        const prefix = event.value.masked().toString();
        for (const other of peers.values()) other.allowedIps.delete(prefix);
        peer.allowedIps.set(prefix, true);
        break;
      }
      default:
        assert.fail(event.kind);
    }
  }
  assert.fail("the request has no end");
}

const key = (byte: number) => formatKey(new Uint8Array(32).fill(byte));

wgTest("formatUapiSet sends what wg setconf sends", { root: true }, async () => {
  const peerLine = fc.oneof(
    fc.integer({ min: 0, max: 3 }).map((byte) => `PresharedKey = ${key(byte)}`),
    fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65535 })).map(([ip, port]) =>
      `Endpoint = ${ip}:${port}`
    ),
    fc.constantFrom("Endpoint = [2001:db8::1]:51820", "Endpoint = 2001:db8::2:1"),
    fc.tuple(fc.ipV4(), fc.nat(32)).map(([ip, length]) => `AllowedIPs = ${ip}/${length}`),
    fc.tuple(fc.ipV6(), fc.nat(128)).map(([ip, length]) => `allowedips=${ip} / ${length}`),
    fc.constantFrom("AllowedIPs = 0.0.0.0/0, ::/0", "AllowedIPs = 10.0.0.0/8, 10.1.2.3/8"),
    fc.integer({ min: 0, max: 65535 }).map((n) => `PersistentKeepalive = ${n}`),
    fc.constant("PersistentKeepalive = off"),
  );
  // Few public keys, so that sections of one peer are merged.
  const peer = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(peerLine, { maxLength: 6 }))
    .map(([byte, lines]) => ["[Peer]", `PublicKey = ${key(byte)}`, ...lines].join("\n"));
  const device = fc.array(
    fc.oneof(
      fc.integer({ min: 0, max: 255 }).map((byte) => `PrivateKey = ${key(byte)}`),
      fc.integer({ min: 0, max: 65535 }).map((port) => `ListenPort = ${port}`),
      fc.integer({ min: 0, max: 0xffffffff }).map((mark) => `FwMark = 0x${mark.toString(16)}`),
    ),
    { maxLength: 3 },
  ).map((lines) => ["[Interface]", ...lines].join("\n"));
  const config = fc.tuple(device, fc.array(peer, { maxLength: 6 }))
    .map(([device, peers]) => [device, ...peers].join("\n") + "\n");

  using socket = new FakeControlSocket(`wgtsc${Deno.pid}`);
  const path = Deno.makeTempFileSync({ prefix: "wgts-test-" });
  try {
    await fc.assert(
      fc.asyncProperty(config, async (text) => {
        Deno.writeTextFileSync(path, text);
        const { code, stderr } = await runWg(["setconf", socket.name, path]);
        assert.equal(code, 0, stderr);
        const ours = formatUapiSet(
          parseWgConfig(text, path),
          ({ host, port }) =>
            parseUapiEndpoint(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`),
        );
        assert.deepEqual(stateAfter(ours), stateAfter(socket.request));
      }),
      { numRuns: 200 },
    );
  } finally {
    Deno.removeSync(path);
  }
});

const needs = { root: true, program: "wireguard-go" };

wgTest("wrong lines get wireguard-go's errno", needs, async () => {
  const name = `wgtsg${Deno.pid}`;
  // Its interface lives in a network namespace of its own, its socket where all are.
  const server = new Deno.Command("unshare", {
    args: ["--net", "wireguard-go", "-f", name],
    env: { WG_PROCESS_FOREGROUND: "1", LOG_LEVEL: "silent" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const path = `/var/run/wireguard/${name}.sock`;
    for (const [line, errno] of DEVICE_LINES) {
      assert.equal(await answerOf(path, `set=1\n${line}\n\n`), `errno=${-errno}\n\n`, line);
    }
    for (const [line, errno] of PEER_LINES) {
      const answer = await answerOf(path, `set=1\npublic_key=${KEY_HEX}\n${line}\n\n`);
      assert.equal(answer, `errno=${-errno}\n\n`, line);
    }
    assert.equal(await answerOf(path, "get=1\nx\n\n"), "errno=-22\n\n");
    assert.equal(await answerOf(path, "get=2\n\n"), "");
    const key = formatHexKey(new Uint8Array(32).fill(1));
    const peer = `set=1\npublic_key=${key}\nendpoint=[fe80::1%lo]:1\nallowed_ip=10.0.0.1/8\n\n`;
    assert.equal(await answerOf(path, peer), "errno=0\n\n");
  } finally {
    server.kill("SIGTERM");
    await server.status;
  }
});

/** Sends `request` on a new connection; what comes until a complete answer or the end. */
async function answerOf(path: string, request: string): Promise<string> {
  using connection = await connect(path);
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(65536);
  let answer = "";
  while (!answer.endsWith("\n\n")) {
    const count = await connection.read(buffer);
    if (count === null) break;
    answer += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return answer;
}

/** Connects to a socket that a program is about to open. */
async function connect(path: string): Promise<Deno.UnixConn> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
