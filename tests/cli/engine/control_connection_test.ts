import assert from "node:assert/strict";
import { parseEndpoint } from "../../../core/config/values.ts";
import { formatUapiNamedEndpoints } from "../../../core/uapi/named_endpoints.ts";
import { formatShowField } from "../../../core/show/fields.ts";
import { parseUapiGet } from "../../../core/uapi/parse_get.ts";
import { parseUapiEndpoint } from "../../../core/uapi/values.ts";
import type { EndpointNames } from "../../../cli/engine/named_endpoints.ts";
import { Endpoint } from "../../../core/endpoint.ts";
import { IpAddress } from "../../../core/ip.ts";
import { formatHexKey } from "../../../core/keys.ts";
import type { Peer } from "../../../core/peer.ts";
import { ControlConnection, type ControlTarget } from "../../../cli/engine/control_connection.ts";
import {
  AT_ONCE,
  EADDRINUSE,
  exchange,
  FakeStream,
  makeTarget,
  NEVER,
  OTHER_PEER,
  PEER,
} from "./control_target.ts";

const SET = `set=1
private_key=${"07".repeat(32)}
listen_port=51820
fwmark=42
replace_peers=true
public_key=${PEER}
preshared_key=${"11".repeat(32)}
endpoint=192.0.2.1:1234
persistent_keepalive_interval=25
replace_allowed_ips=true
allowed_ip=10.0.0.0/8
allowed_ip=fd00::/64
public_key=${OTHER_PEER}
endpoint=[fe80::1%eth0]:51820

`;

for (const perRead of [1, 7, 4096]) {
  Deno.test(`control connection: a set, then a get tells the same, ${perRead} bytes a read`, () => {
    const target = makeTarget();
    assert.equal(exchange(target, SET, perRead), "errno=0\n\n");
    const clamped = `00${"07".repeat(30)}47`;
    const unset = "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n";
    assert.equal(
      exchange(target, "get=1\n\n", perRead),
      `private_key=${clamped}\nlisten_port=51820\nfwmark=42\n` +
        `public_key=${PEER}\npreshared_key=${"11".repeat(32)}\nprotocol_version=1\n` +
        `endpoint=192.0.2.1:1234\n${unset}persistent_keepalive_interval=25\n` +
        `allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\n` +
        `public_key=${OTHER_PEER}\npreshared_key=${"00".repeat(32)}\nprotocol_version=1\n` +
        `endpoint=[fe80::1%eth0]:51820\n${unset}persistent_keepalive_interval=0\nerrno=0\n\n`,
    );
  });
}

Deno.test("control connection: a status tells of the same peers, and no secret", () => {
  const target = makeTarget();
  exchange(target, SET);
  const answer = exchange(target, "status=1\n\nget=1\n\n");
  const [status = "", get = ""] = answer.split("errno=0\n\n");
  assert.match(status, /^version=1\.2\.3\n/);
  assert.match(status, /\nlisten_port=51820\nfwmark=42\npublic_key=a/);
  assert.match(status, /\nendpoint=\[fe80::1%eth0\]:51820\n/);
  assert.doesNotMatch(status, /private_key|preshared_key|11111111/);
  for (const line of get.split("\n")) {
    if (!/private_key|preshared_key|protocol_version/.test(line)) {
      assert.ok(status.includes(`${line}\n`) || line === "", line);
    }
  }
  assert.deepEqual(target.refusals, []);
});

Deno.test("control connection: names are told by a status, and never by a get", () => {
  const target = makeTarget();
  exchange(target, SET);
  const before = exchange(target, "get=1\n\n");
  const named = `set=1\npublic_key=${PEER}\nupdate_only=true\nname=J%C3%BCrgen%27s%20phone\n\n`;
  assert.equal(exchange(target, named), "errno=0\n\n");
  assert.match(exchange(target, "status=1\n\n"), /\nname=J%C3%BCrgen's%20phone\nallowed_ip=10/);
  assert.equal(exchange(target, "get=1\n\n"), before);
  const stranger = `set=1\npublic_key=${"c".repeat(64)}\nupdate_only=true\nname=x\n\n`;
  assert.equal(exchange(target, stranger), "errno=0\n\n");
  assert.equal(target.device.peerCount, 2);
  assert.equal(exchange(target, `set=1\npublic_key=${PEER}\nname=%1b\n\n`), "errno=-22\n\n");
  assert.equal(exchange(target, `set=1\npublic_key=${PEER}\nname=\n\n`), "errno=0\n\n");
  assert.doesNotMatch(exchange(target, "status=1\n\n"), /^name=/m);
});

Deno.test("an engine is told the first name servers of a network that names very many", () => {
  const target = makeTarget();
  const nameServers = Array.from(
    { length: 200 },
    (_, i) => parseUapiEndpoint(`[fe80::${i}%averylongname00]:53`) ?? assert.fail(),
  );
  const request = formatUapiNamedEndpoints({ nameServers, followsSystem: true, interval: 0 }, []);
  assert.equal(exchange(target, request), "errno=0\n\n");
  assert.deepEqual(target.named[0], ["resolver", { nameServers: nameServers.slice(0, 6) }]);
});

Deno.test("endpoints get names, fallbacks and addresses; an endpoint set by hand is told of", () => {
  const target = makeTarget();
  const endpoint = (port: number) => parseUapiEndpoint(`192.0.2.1:${port}`) ?? assert.fail();
  const request = formatUapiNamedEndpoints(
    { nameServers: [endpoint(53)], followsSystem: false, interval: 300 },
    [{
      publicKey: new Uint8Array(32).fill(0xbb),
      names: ["vpn.example:51820", "[2001:db8::1]:7"].map((text) =>
        parseEndpoint(text, () => null)
      ),
      addresses: [endpoint(1), endpoint(2)],
    }],
  );
  const key = "bb".repeat(32);
  assert.equal(exchange(target, request), "errno=0\n\n", "peers that there aren't are left out");
  assert.deepEqual(target.named.splice(0), [
    ["resolver", { nameServers: [endpoint(53)] }],
    ["resolver", { followsSystem: false }],
    ["interval", 300],
  ]);
  assert.equal(
    exchange(target, `set=1\npublic_key=${key}\nendpoint=192.0.2.9:9\n\n`),
    "errno=0\n\n",
  );
  assert.deepEqual(target.named.splice(0), [[0xbb, 9]]);
  assert.equal(exchange(target, request), "errno=0\n\n");
  const [peer, names] = target.named.splice(3)[0] as [number, EndpointNames];
  assert.equal(peer, 0xbb);
  assert.deepEqual(names.names.map(({ text }) => text), ["vpn.example:51820", "[2001:db8::1]:7"]);
  assert.deepEqual(names.addresses.map(({ port }) => port), [1, 2]);
  target.named = [];
  assert.equal(exchange(target, `set=1\npublic_key=${key}\nendpoint_name=\n\n`), "errno=0\n\n");
  assert.deepEqual(target.named, [[0xbb, null]]);
  for (
    const line of ["endpoint_name=vpn.example", "endpoint_name=%zz:1", "fallback_endpoint=%0a:1"]
  ) {
    assert.equal(exchange(target, `set=1\npublic_key=${key}\n${line}\n\n`), "errno=-22\n\n", line);
  }
  for (
    const line of [
      "name_servers=dns.example:53",
      "follow_system_resolver=1",
      "reresolve_interval=-1",
    ]
  ) {
    assert.equal(exchange(target, `set=1\n${line}\n\n`), "errno=-22\n\n", line);
  }
});

Deno.test("control connection: who may ask for the status only gets and sets nothing", () => {
  const target = makeTarget();
  exchange(target, SET);
  const ask = (request: string) => exchange(target, request, 4096, "status");
  const status = ask("status=1\n\n");
  assert.equal(status, exchange(target, "status=1\n\n"));
  const state = exchange(target, "get=1\n\n");
  assert.equal(ask("get=1\n\n"), "errno=-13\n\n");
  assert.equal(ask("set=1\nlisten_port=7\nfwmark=7\n\n"), "errno=-13\n\n");
  assert.equal(ask(`set=1\npublic_key=${PEER}\nremove=true\n\n`), "errno=-13\n\n");
  assert.equal(ask("set=1\nreplace_peers=true\n\nget=1\n\n"), "errno=-13\n\nerrno=-13\n\n");
  assert.equal(ask("set=1\nnonsense\n\n"), "errno=-13\n\n");
  assert.equal(ask("get=1\n\nstatus=1\n\n"), `errno=-13\n\n${status}`);
  assert.equal(exchange(target, "get=1\n\n"), state);
  assert.deepEqual(target.refusals, [], "the log is for those who may do more");
});

Deno.test("control connection: the interface is printed, to whom may be told all of it", () => {
  const target = makeTarget();
  exchange(target, SET);
  const request = "print=dump\nname=wg7\nprefixed=true\n\n";
  const wall = target.now.wall;
  const state = parseUapiGet(exchange(target, "get=1\n\n"), {
    name: "wg7",
    wall,
    publicKeyOf: () => target.device.publicKey,
  });
  const printed = `${formatShowField(state, "dump", true)}errno=0\n\n`;
  assert.equal(exchange(target, request), printed);
  assert.equal(exchange(target, request, 1), printed);
  assert.equal(exchange(target, `${request}get=1\n\n`).slice(0, printed.length), printed);
  assert.equal(exchange(target, request, 4096, "status"), "errno=-13\n\n");
  const peer = target.device.getPeer(new Uint8Array(32).fill(0xaa));
  assert.ok(peer);
  peer.lastHandshake = wall - 65_000;
  const shown = exchange(target, "print=show\nname=wg7\n\n");
  assert.ok(shown.includes("\n  latest handshake: 1 minute, 5 seconds ago\n"), shown);
});

Deno.test("control connection: several requests on one connection", () => {
  const target = makeTarget();
  const answer = exchange(target, `set=1\nlisten_port=5\n\nget=1\n\nset=1\nfwmark=1\n\n`);
  assert.equal(answer, "errno=0\n\nlisten_port=5\nerrno=0\n\nerrno=0\n\n");
});

Deno.test("control connection: a refused command ends its request; those before it stay", () => {
  const target = makeTarget();
  const answer = exchange(target, "set=1\nfwmark=7\nlisten_port=99\nfwmark=8\n\nget=1\n\n");
  assert.equal(answer, `errno=-${EADDRINUSE}\n\nfwmark=7\nerrno=0\n\n`);
  assert.deepEqual(target.refusals, ["cannot apply listen_port"]);
});

Deno.test("control connection: an endpoint has a zone only where Linux needs one", () => {
  const target = makeTarget();
  for (
    const [given, told] of [
      ["[fe80::1%2]:9", "[fe80::1%eth0]:9"],
      ["[fe80::1%0]:9", "[fe80::1]:9"],
      ["[fe80::1%4294967295]:9", "[fe80::1%4294967295]:9"],
      ["[ff02::1%2]:9", "[ff02::1%eth0]:9"],
      ["[ff01::1%eth0]:9", "[ff01::1%2]:9"],
      ["[::1%2]:9", "[::1]:9"],
      ["[::1%eth0]:9", "[::1]:9"],
      ["[2001:db8::1%nowhere]:9", "[2001:db8::1]:9"],
    ]
  ) {
    exchange(target, `set=1\npublic_key=${PEER}\nendpoint=${given}\n\n`);
    for (const request of ["get", "status"]) {
      const answer = exchange(target, `${request}=1\n\n`);
      assert.equal(/(?<=^endpoint=).*/m.exec(answer)?.[0], told, `${given} for a ${request}`);
    }
  }
  // Where its datagrams come from has none, so this is where it is known to be.
  const from = new Endpoint(IpAddress.parse("2001:db8::1")?.bytes ?? assert.fail(), 9);
  const [peer] = target.device.peers;
  assert.ok(peer?.endpoint?.sameRemote(from));
});

Deno.test("control connection: an unknown zone, key or value is refused with EINVAL", () => {
  for (
    const line of [
      `public_key=${PEER}\nendpoint=[fe80::1%nowhere]:1`,
      "colour=red",
      "listen_port=65536",
      "private_key=00",
    ]
  ) {
    assert.equal(exchange(makeTarget(), `set=1\n${line}\n\n`), "errno=-22\n\n", line);
  }
});

Deno.test("control connection: what is no request closes the connection without an answer", () => {
  const stream = new FakeStream(4096);
  const connection = new ControlConnection(stream, makeTarget());
  stream.send("GET / HTTP/1.1\r\n\r\nget=1\n\n");
  assert.equal(connection.step(NEVER), "closed");
  assert.equal(stream.output, "");
  assert.ok(stream.closed);
});

Deno.test("control connection: update_only creates no peer, remove deletes one, own key is ignored", () => {
  const target = makeTarget();
  exchange(target, SET);
  assert.equal(target.device.peerCount, 2);
  exchange(
    target,
    `set=1\npublic_key=${"c".repeat(64)}\nupdate_only=true\nallowed_ip=10.1.0.0/16\n\n`,
  );
  assert.equal(target.device.peerCount, 2);
  exchange(target, `set=1\npublic_key=${PEER}\nremove=true\nallowed_ip=10.1.0.0/16\n\n`);
  assert.equal(target.device.peerCount, 1);
  const own = formatHexKey(target.device.publicKey ?? new Uint8Array(32));
  assert.equal(
    exchange(target, `set=1\npublic_key=${own}\nallowed_ip=10.1.0.0/16\n\n`),
    "errno=0\n\n",
  );
  assert.equal(target.device.peerCount, 1);
});

Deno.test("control connection: a peer that another connection removed stays removed", () => {
  const target = makeTarget();
  target.device.up(target.now);
  const stream = new FakeStream(4096);
  const connection = new ControlConnection(stream, target);
  stream.send(`set=1\npublic_key=${PEER}\nendpoint=192.0.2.1:1234\n`);
  assert.equal(connection.step(NEVER), "read");
  const peer = [...target.device.peers][0];
  assert.ok(peer);
  assert.equal(
    exchange(target, `set=1\npublic_key=${PEER}\nremove=true\n\n`),
    "errno=0\n\n",
  );
  stream.send("allowed_ip=10.0.0.0/8\npersistent_keepalive_interval=25\n\n");
  assert.equal(connection.step(NEVER), "read");
  assert.equal(stream.output, "errno=0\n\n");
  assert.equal(target.device.peerCount, 0);
  assert.equal(target.device.allowedIps.count(peer), 0);
  assert.equal(target.device.nextDeadline(), Infinity);
});

for (const change of ["listen_port=7", "fwmark=7"]) {
  Deno.test(`control connection: ${change} lets local addresses be chosen anew`, () => {
    const target = makeTarget();
    exchange(target, SET);
    const peer = [...target.device.peers][0];
    assert.ok(peer);
    const source = { address: Uint8Array.of(192, 0, 2, 7), interfaceIndex: 3 };
    const endpoint = new Endpoint(Uint8Array.of(192, 0, 2, 1), 1234, 0, source);
    peer.setEndpoint(endpoint);
    exchange(target, "set=1\nlisten_port=99\n\n");
    assert.equal(peer.endpoint, endpoint, "nothing was changed");
    exchange(target, `set=1\n${change}\n\n`);
    assert.equal(peer.endpoint?.source, null);
    assert.ok(peer.endpoint.sameRemote(endpoint));
  });
}

Deno.test("control connection: an allowed IP is taken back only from the peer that has it", () => {
  const target = makeTarget();
  exchange(target, SET);
  exchange(target, `set=1\npublic_key=${OTHER_PEER}\nallowed_ip=-10.0.0.0/8\n\n`);
  assert.match(exchange(target, "get=1\n\n"), /allowed_ip=10\.0\.0\.0\/8/);
  exchange(target, `set=1\npublic_key=${PEER}\nallowed_ip=-10.0.0.0/8\n\n`);
  assert.doesNotMatch(exchange(target, "get=1\n\n"), /allowed_ip=10\.0\.0\.0\/8/);
});

Deno.test("control connection: work is cut into steps, and waits for a slow reader", () => {
  const target = makeTarget();
  exchange(target, SET);
  const whole = exchange(target, "get=1\n\n");
  const stream = new FakeStream(3);
  const connection = new ControlConnection(stream, target);
  stream.send("get=1\n\n");
  stream.writable = 0;
  let steps = 0;
  while (connection.step(AT_ONCE) === "more") assert.ok(++steps < 100);
  assert.equal(connection.step(NEVER), "write");
  stream.writable = 1;
  steps = 0;
  while (connection.step(AT_ONCE) === "more") steps++;
  assert.ok(steps >= whole.length - 1, `${steps} steps for ${whole.length} bytes`);
  assert.equal(stream.output, whole);
});

Deno.test("control connection: replace_peers removes a few peers a step, and those of its time only", () => {
  const target = makeTarget();
  const { device } = target;
  for (let number = 1; number <= 40; number++) device.addPeer(new Uint8Array(32).fill(number));
  const stream = new FakeStream(4096);
  const connection = new ControlConnection(stream, target);
  stream.send(`set=1\nreplace_peers=true\npublic_key=${PEER}\n\n`);
  let added = false;
  for (let before = device.peerCount; connection.step(AT_ONCE) === "more";) {
    assert.ok(before - device.peerCount <= 8, `${before - device.peerCount} peers in one step`);
    if (!added && device.peerCount < 40) {
      added = device.addPeer(new Uint8Array(32).fill(0xbb)) !== null;
    }
    before = device.peerCount;
  }
  assert.equal(stream.output, "errno=0\n\n");
  assert.deepEqual([...device.peers].map((peer) => formatHexKey(peer.publicKey)), [
    OTHER_PEER,
    PEER,
  ]);
});

Deno.test("control connection: no step makes more than a few kilobytes of an answer", () => {
  const target = makeTarget();
  let read = 0;
  const { state } = target;
  const counted = Object.create(target, {
    state: {
      value: {
        privateKey: null,
        publicKey: null,
        listenPort: state.listenPort,
        fwmark: 0,
        peers: state.peers,
        *allowedIps(peer: Peer) {
          for (const prefix of state.allowedIps(peer)) {
            read++;
            yield prefix;
          }
        },
      },
    },
  }) as ControlTarget;
  for (let number = 1; number <= 60; number++) {
    const peer = target.device.addPeer(new Uint8Array(32).fill(number));
    assert.ok(peer);
    for (let at = 0; at < 20; at++) {
      target.device.allowedIps.insert(Uint8Array.of(10, number, at, 0), 24, peer);
    }
  }
  const stream = new FakeStream(4096);
  const connection = new ControlConnection(stream, counted);
  stream.send("get=1\n\n");
  for (let before = 0; connection.step(AT_ONCE) === "more"; before = read) {
    // Their lines have 24 bytes or more.
    assert.ok(read - before <= 5 * 1024 / 24, `${read - before} allowed IPs in one step`);
  }
  assert.equal(read, 60 * 20);
  assert.equal(stream.output, exchange(target, "get=1\n\n"));
});

Deno.test("control connection: a client that closes ends it, a set without its blank line counts", () => {
  const target = makeTarget();
  const stream = new FakeStream(4096);
  const connection = new ControlConnection(stream, target);
  stream.send("set=1\nfwmark=3");
  stream.ended = true;
  assert.equal(connection.step(NEVER), "closed");
  assert.equal(target.mark, 3);
  assert.ok(stream.closed);
});

Deno.test("control connection: an errno that may be another call's doesn't end it, a broken stream does", () => {
  const EIO = 5;
  const ECONNRESET = 104;
  const stream = new FakeStream(4096);
  const connection = new ControlConnection(stream, makeTarget());
  stream.errors = [EIO];
  assert.equal(connection.step(NEVER), "read");
  stream.send("get=1\n\n");
  assert.equal(connection.step(NEVER), "read");
  assert.equal(stream.output, "errno=0\n\n");
  stream.errors = [ECONNRESET];
  assert.equal(connection.step(NEVER), "closed");
  assert.ok(stream.closed);
});

Deno.test("control connection: errors without end, whatever their errno, end it", () => {
  const stream = new FakeStream(4096);
  const connection = new ControlConnection(stream, makeTarget());
  stream.errors = new Array(100).fill(5);
  let steps = 0;
  while (connection.step(NEVER) !== "closed") assert.ok(++steps < 100);
});
