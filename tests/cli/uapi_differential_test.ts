/** Requests on the control socket mean what they mean to `wg` and to wireguard-go. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseWgConfig } from "../../core/config/wg.ts";
import { Endpoint } from "../../core/endpoint.ts";
import { IpAddress, IpPrefix } from "../../core/ip.ts";
import { formatHexKey, formatKey } from "../../core/keys.ts";
import { formatUapiSet } from "../../core/uapi/set_request.ts";
import { formatUapiGet } from "../../core/uapi/get_response.ts";
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

/** Runs `body` with the path of the control socket of a wireguard-go. */
async function withWireguardGo(body: (path: string) => Promise<void>): Promise<void> {
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
    await body(`/var/run/wireguard/${name}.sock`);
  } finally {
    server.kill("SIGTERM");
    await server.status;
  }
}

wgTest("wrong lines get wireguard-go's errno", needs, async () => {
  await withWireguardGo(async (path) => {
    for (const [line, errno] of DEVICE_LINES) {
      assert.equal(await answerOf(path, `set=1\n${line}\n\n`), `errno=${-errno}\n\n`, line);
    }
    for (const [line, errno] of PEER_LINES) {
      const answer = await answerOf(path, `set=1\npublic_key=${KEY_HEX}\n${line}\n\n`);
      assert.equal(answer, `errno=${-errno}\n\n`, line);
    }
    assert.equal(await answerOf(path, "get=1\nx\n\n"), "errno=-22\n\n");
    assert.equal(await answerOf(path, "get=2\n\n"), "");
  });
});

wgTest("formatUapiGet answers as wireguard-go does", needs, async () => {
  const hexKey = (byte: number) => formatHexKey(new Uint8Array(32).fill(byte));
  const ips = ["10.0.0.0/8", "fd00::/64"].map((text) => IpPrefix.parse(text) ?? assert.fail());
  for (const address of ["192.0.2.1", "2001:db8::1"]) {
    const peer = {
      publicKey: new Uint8Array(32).fill(1),
      presharedKey: new Uint8Array(32).fill(2),
      endpoint: new Endpoint(IpAddress.parse(address)?.bytes ?? assert.fail(), 51820),
      lastHandshake: 0,
      sentBytes: 0,
      receivedBytes: 0,
      persistentKeepaliveInterval: 0,
    };
    const device = {
      privateKey: new Uint8Array(32).fill(0x40),
      listenPort: 51821,
      fwmark: 0xca6c,
      peers: [peer],
      allowedIps: () =>
        ips.map(({ address, length }) => ({ address: address.bytes, prefixLength: length })),
    };
    const endpoint = address.includes(":") ? `[${address}]:51820` : `${address}:51820`;
    await withWireguardGo(async (path) => {
      const request = `set=1\nprivate_key=${hexKey(0x40)}\nlisten_port=51821\nfwmark=51820\n` +
        `public_key=${hexKey(1)}\npreshared_key=${hexKey(2)}\nendpoint=${endpoint}\n` +
        "allowed_ip=10.1.2.3/8\nallowed_ip=fd00::1/64\n\n";
      assert.equal(await answerOf(path, request), "errno=0\n\n");
      const decoder = new TextDecoder();
      let ours = "";
      for (const chunk of formatUapiGet(device)) ours += decoder.decode(chunk);
      assert.equal(ours, await answerOf(path, "get=1\n\n"));
    });
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
  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
