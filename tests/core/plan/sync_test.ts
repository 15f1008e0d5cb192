import assert from "node:assert/strict";
import type { QuickConfig, WgPeerConfig } from "../../../core/config/types.ts";
import type { InterfaceState, PeerState } from "../../../core/interface_state.ts";
import { IpAddress } from "../../../core/ip.ts";
import { clampPrivateKey, formatPublicKey } from "../../../core/keys.ts";
import { describeChange, removeByStandIn } from "../../../core/plan.ts";
import {
  isEmptyChange,
  restoreInterface,
  type SyncChanges,
  syncInterface,
} from "../../../core/plan/sync.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import { prefixes, quickConfig } from "./quick_config.ts";

const KEYS = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
const NAMES = KEYS.map((key) => formatPublicKey(key));
const SECRET = new Uint8Array(32).fill(77);

function endpoint(last: number): UapiEndpoint {
  return { address: IpAddress.fromBytes(Uint8Array.of(192, 0, 2, last)), port: 7, zone: "" };
}

function peer(number: number, settings: Partial<PeerState> = {}): PeerState {
  return {
    publicKey: KEYS[number] ?? SECRET,
    presharedKey: null,
    endpoint: null,
    lastHandshake: { seconds: 5, nanoseconds: 0 },
    receivedBytes: 0,
    sentBytes: 0,
    persistentKeepalive: 0,
    allowedIps: [],
    ...settings,
  };
}

function running(peers: PeerState[], privateKey: Uint8Array | null = null): InterfaceState {
  return { name: "wg0", privateKey, publicKey: null, listenPort: 1, fwmark: 0, peers };
}

function config(...peers: (Partial<WgPeerConfig> | null)[]): QuickConfig {
  const base = quickConfig({});
  return {
    ...base,
    peers: peers.flatMap((settings, i) => {
      if (settings === null) return [];
      return [{ publicKey: KEYS[i] ?? SECRET, allowedIps: [], line: i, ...settings }];
    }),
  };
}

/** What the changes are, as commands. */
function told({ extend, reduce }: SyncChanges): string[][] {
  return [extend, reduce].map((change) =>
    [...describeChange(change, "wg0")].map((line) =>
      NAMES.reduce((text, name, i) => text.replace(name, `P${i}`), line.replace("wg set wg0 ", ""))
    )
  );
}

function sync(
  wanted: QuickConfig,
  state: InterfaceState,
  givenEndpoints: Record<string, string> = {},
): SyncChanges {
  return syncInterface(wanted, state, {
    givenEndpoints,
    resolve: ({ port }) => endpoint(port),
  });
}

Deno.test("what is as it should be isn't touched", () => {
  const state = running([
    peer(0, { presharedKey: SECRET, persistentKeepalive: 25, allowedIps: ["10.0.0.0/8"] }),
    peer(1),
  ]);
  const wanted = config({
    presharedKey: SECRET,
    persistentKeepalive: 25,
    allowedIps: prefixes("10.0.0.0/8"),
  }, { presharedKey: new Uint8Array(32) });
  const changes = sync(wanted, state);
  assert.deepEqual(told(changes), [[], []]);
  assert.ok(isEmptyChange(changes.extend) && isEmptyChange(changes.reduce));
});

Deno.test("differences are sent, and only those", () => {
  const state = running([
    peer(0, { presharedKey: SECRET, persistentKeepalive: 25, allowedIps: ["10.0.0.0/8"] }),
    peer(1, { allowedIps: ["10.1.0.0/16", "10.2.0.0/16"] }),
  ]);
  const wanted = config(
    { allowedIps: prefixes("10.0.0.0/8", "10.1.0.0/16") },
    null,
    { presharedKey: SECRET, allowedIps: prefixes("10.3.0.0/16") },
  );
  assert.deepEqual(told(sync(wanted, state)), [
    [
      "peer P0 preshared-key /dev/null persistent-keepalive off allowed-ips +10.1.0.0/16",
      "peer P2 preshared-key (hidden) allowed-ips +10.3.0.0/16",
    ],
    ["peer P1 remove"],
  ]);
});

Deno.test("an allowed IP that moves isn't taken from its peer first; one that is nobody's is", () => {
  const state = running([
    peer(0, { allowedIps: ["10.0.0.0/8", "10.9.0.0/16"] }),
    peer(1, { allowedIps: [] }),
  ]);
  const wanted = config({}, { allowedIps: prefixes("10.0.0.0/8") });
  assert.deepEqual(told(sync(wanted, state)), [
    ["peer P1 allowed-ips +10.0.0.0/8"],
    ["peer P0 allowed-ips -10.9.0.0/16"],
  ]);
});

Deno.test("an endpoint is set when it is new, not when its peer roamed", () => {
  const wanted = config({ endpoint: { host: "a", port: 9, text: "a:9" } });
  const key = NAMES[0] ?? "";
  const roamed = running([peer(0, { endpoint: endpoint(200) })]);
  assert.deepEqual(told(sync(wanted, roamed, { [key]: "a:9" })), [[], []]);
  const set = [["peer P0 endpoint 192.0.2.9:7"], []];
  assert.deepEqual(told(sync(wanted, roamed, { [key]: "b:9" })), set);
  assert.deepEqual(told(sync(wanted, roamed)), set);
  // It never had one.
  assert.deepEqual(told(sync(wanted, running([peer(0)]), { [key]: "a:9" })), set);
  // It is there already.
  assert.deepEqual(told(sync(wanted, running([peer(0, { endpoint: endpoint(9) })]))), [[], []]);
});

Deno.test("the private key is set when it is another one, clamped or not", () => {
  const privateKey = new Uint8Array(32).fill(0xff);
  const clamped = privateKey.slice();
  clampPrivateKey(clamped);
  const wanted = { ...config(), interface: { ...config().interface, privateKey } };
  assert.deepEqual(told(sync(wanted, running([], clamped))), [[], []]);
  assert.deepEqual(told(sync(wanted, running([], SECRET))), [["private-key (hidden)"], []]);
  assert.deepEqual(told(sync(wanted, running([]))), [["private-key (hidden)"], []]);
  assert.deepEqual(told(sync(config(), running([], SECRET))), [["private-key /dev/null"], []]);
  assert.deepEqual(told(sync(config(), running([]))), [[], []]);
});

Deno.test("what was changed is restored; a peer that roamed meanwhile isn't", () => {
  const before = running([
    peer(0, { presharedKey: SECRET, endpoint: endpoint(1), allowedIps: ["10.0.0.0/8"] }),
    peer(1, { endpoint: endpoint(2) }),
  ], SECRET);
  const wanted = config(
    { endpoint: { host: "a", port: 9, text: "a:9" } },
    { allowedIps: prefixes("10.0.0.0/8"), persistentKeepalive: 3 },
    { allowedIps: prefixes("10.3.0.0/16") },
  );
  const { extend } = sync(wanted, before, { [NAMES[1] ?? ""]: "" });
  const now = running([
    peer(0, { endpoint: endpoint(9) }),
    peer(1, { endpoint: endpoint(99), allowedIps: ["10.0.0.0/8"], persistentKeepalive: 3 }),
    peer(2, { allowedIps: ["10.3.0.0/16"] }),
  ]);
  assert.deepEqual(told(restoreInterface(before, now, extend)), [
    [
      "private-key (hidden)",
      "peer P0 preshared-key (hidden) endpoint 192.0.2.1:7 allowed-ips +10.0.0.0/8",
      "peer P1 persistent-keepalive off",
    ],
    ["peer P2 remove"],
  ]);
});

Deno.test("a peer that had no endpoint is made anew, since none can be taken away", () => {
  const before = running([peer(0, { allowedIps: ["10.0.0.0/8"] })]);
  const wanted = config({ endpoint: { host: "a", port: 9, text: "a:9" } });
  const { extend } = sync(wanted, before);
  const now = running([peer(0, { endpoint: endpoint(9), allowedIps: ["10.0.0.0/8"] })]);
  assert.deepEqual(told(restoreInterface(before, now, extend)), [
    ["peer P0 remove", "peer P0 allowed-ips +10.0.0.0/8"],
    [],
  ]);
});

Deno.test("where single allowed IPs can't be taken away, a peer that stands in takes them with it", () => {
  const state = running([peer(0, { allowedIps: ["10.0.0.0/8", "10.9.0.0/16"] }), peer(1)]);
  const { reduce } = sync(config({ allowedIps: prefixes("10.0.0.0/8") }), state);
  const changed = removeByStandIn(reduce, KEYS[2] ?? SECRET);
  assert.deepEqual(told({ extend: changed, reduce: { replacePeers: false, peers: [] } })[0], [
    "peer P2 allowed-ips +10.9.0.0/16",
    "peer P2 remove",
    "peer P0",
    "peer P1 remove",
  ]);
  assert.ok(changed.peers.every(({ allowedIps }) => allowedIps.every(({ remove }) => !remove)));
});
