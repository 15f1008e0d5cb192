import assert from "node:assert/strict";
import { EVENT_HOOK_KEYS } from "../../../core/config/keys.ts";
import { TUNNEL_EVENTS, type TunnelEventType } from "../../../core/events/event.ts";
import { eventEnvironment, eventHookKey } from "../../../core/events/hooks.ts";
import { IpAddress } from "../../../core/ip.ts";

function endpoint(address: string) {
  return { address: IpAddress.parse(address) ?? assert.fail(), port: 51820, zone: "" };
}

Deno.test("each key of commands for events has one event, others have none", () => {
  const types = Object.keys(TUNNEL_EVENTS) as TunnelEventType[];
  const keys = types.flatMap((type) => eventHookKey(type) ?? []);
  assert.deepEqual(keys.toSorted(), EVENT_HOOK_KEYS.toSorted());
  assert.equal(eventHookKey("roamed"), "OnRoam");
  assert.equal(eventHookKey("interface-down"), null);
  assert.equal(eventHookKey("lost"), null);
});

Deno.test("the environment tells all of an event, and what isn't known is empty", () => {
  const name = 'Eve"; $(rm -rf /) `x`';
  const peer = { publicKey: new Uint8Array(32), name };
  const nothing = {
    WGTS_PEER: "",
    WGTS_PEER_NAME: "",
    WGTS_ENDPOINT: "",
    WGTS_OLD_ENDPOINT: "",
    WGTS_ENDPOINT_NAME: "",
    WGTS_ROLE: "",
  };
  const key = `${"A".repeat(43)}=`;
  assert.deepEqual(
    eventEnvironment({
      type: "roamed",
      time: 1,
      interface: "wg0",
      peer,
      previousEndpoint: endpoint("192.0.2.1"),
      endpoint: endpoint("2001:db8::1"),
    }),
    {
      ...nothing,
      WGTS_EVENT: "roamed",
      WGTS_INTERFACE: "wg0",
      WGTS_PEER: key,
      WGTS_PEER_NAME: name,
      WGTS_ENDPOINT: "[2001:db8::1]:51820",
      WGTS_OLD_ENDPOINT: "192.0.2.1:51820",
    },
  );
  const shaken = eventEnvironment({
    type: "handshake-completed",
    time: 1,
    interface: "wg0",
    peer: { publicKey: new Uint8Array(32), name: null },
    role: "responder",
    endpoint: null,
  });
  assert.deepEqual(shaken, {
    ...nothing,
    WGTS_EVENT: "handshake-completed",
    WGTS_INTERFACE: "wg0",
    WGTS_PEER: key,
    WGTS_ROLE: "responder",
  });
  const sought = eventEnvironment({
    type: "endpoint-reresolved",
    time: 1,
    interface: "wg0",
    endpointName: "vpn.example:51820",
  });
  assert.equal(sought.WGTS_ENDPOINT_NAME, "vpn.example:51820");
});
