import assert from "node:assert/strict";
import type { InterfaceChange, PeerChange } from "../../../core/interface_change.ts";
import { IpPrefix } from "../../../core/ip.ts";
import { formatUapiChange } from "../../../core/uapi/change_request.ts";
import { parseUapiEndpoint } from "../../../core/uapi/values.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);
const hex = (byte: number) => key(byte).toHex();
const CHANGE: InterfaceChange = { replacePeers: false, peers: [] };
const PEER: PeerChange = {
  publicKey: key(1),
  remove: false,
  updateOnly: false,
  replaceAllowedIps: false,
  allowedIps: [],
};

function allowedIp(text: string, remove = false) {
  const prefix = IpPrefix.parse(text);
  assert.ok(prefix !== null);
  return { prefix, remove };
}

function textOf(change: InterfaceChange): string {
  const decoder = new TextDecoder();
  return Array.from(formatUapiChange(change), (chunk) => decoder.decode(chunk)).join("");
}

Deno.test("a change that says nothing is an empty request", () => {
  assert.equal(textOf(CHANGE), "set=1\n\n");
  assert.equal(
    textOf({ ...CHANGE, peers: [PEER] }),
    `set=1\npublic_key=${hex(1)}\n\n`,
  );
});

Deno.test("a change becomes the lines of the control protocol", () => {
  const endpoint = parseUapiEndpoint("[fe80::1%eth0]:51820");
  assert.ok(endpoint !== null);
  const peers = [
    {
      ...PEER,
      updateOnly: true,
      presharedKey: key(2),
      endpoint,
      persistentKeepalive: 0,
      replaceAllowedIps: true,
      allowedIps: [allowedIp("10.0.0.1/8"), allowedIp("2001:db8::/32", true)],
    },
    { ...PEER, publicKey: key(3), remove: true, presharedKey: key(4), allowedIps: [] },
  ];
  assert.equal(
    textOf({ privateKey: key(5), listenPort: 0, fwmark: 0xffffffff, replacePeers: true, peers }),
    `set=1
private_key=${hex(5)}
fwmark=4294967295
listen_port=0
replace_peers=true
public_key=${hex(1)}
update_only=true
preshared_key=${hex(2)}
endpoint=[fe80::1%eth0]:51820
persistent_keepalive_interval=0
replace_allowed_ips=true
allowed_ip=10.0.0.1/8
allowed_ip=-2001:db8::/32
public_key=${hex(3)}
remove=true

`,
  );
});

Deno.test("a large change comes in small chunks, and nothing of it is left behind", () => {
  const allowedIps = Array.from({ length: 5000 }, (_, i) => allowedIp(`10.0.${i >> 8}.${i & 255}`));
  const peers = Array.from({ length: 200 }, (_, i) => ({
    ...PEER,
    publicKey: key(i),
    presharedKey: key(7),
    allowedIps: i === 100 ? allowedIps : [],
  }));
  const buffers = new Set<ArrayBufferLike>();
  let text = "";
  for (const chunk of formatUapiChange({ ...CHANGE, peers })) {
    const part = new TextDecoder().decode(chunk);
    text += part;
    assert.ok(chunk.length <= 33_792);
    buffers.add(chunk.buffer);
  }
  assert.equal(text.match(/^public_key=/gm)?.length, 200);
  assert.deepEqual(
    text.match(/^allowed_ip=.*/gm),
    allowedIps.map(({ prefix }) => `allowed_ip=${prefix}`),
  );
  assert.ok(text.endsWith("\n\n"));
  assert.equal(buffers.size, 1);
  for (const buffer of buffers) assert.ok(new Uint8Array(buffer).every((byte) => byte === 0));
});

Deno.test("a change that isn't sent to its end is wiped too", () => {
  const peers = Array.from({ length: 1000 }, () => ({ ...PEER, presharedKey: key(7) }));
  const chunks = formatUapiChange({ ...CHANGE, peers });
  const { value } = chunks.next();
  assert.ok(value instanceof Uint8Array && value.some((byte) => byte !== 0));
  chunks.return();
  assert.ok(new Uint8Array(value.buffer).every((byte) => byte === 0));
});
