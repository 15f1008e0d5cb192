import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { IpAddress } from "../../../core/ip.ts";
import { noActivity } from "../../../core/uapi/get_reader.ts";
import { formatUapiEndpoint } from "../../../core/uapi/values.ts";
import { rewriteZone } from "../../../cli/system/endpoint_zones.ts";
import { resolveNow } from "../../../cli/system/wg_resolver.ts";

const HOSTS = ["fe80::1", "febf::1", "ff01::1", "ff02::1", "ff11::1", "ff12::1", "ff03::1"]
  .concat(["::1", "2001:db8::1", "fec0::1", "ff05::1", "::ffff:192.0.2.1"]);
// The loopback interface is the first one of every network namespace.
const ZONES = [
  "lo",
  "1",
  "0",
  "01",
  "000",
  "99",
  "4294967295",
  "4294967296",
  "18446744073709551616",
]
  .concat(["nonexist0", "Lo", "lo0", "+1", "-1", "0x1", "1x", "1%1", "lo%", "é"]);

/** The endpoint that is shown where a server says `host` and `zone`. */
function rewritten(host: string, zone: string): string {
  const endpoint = { address: IpAddress.parse(host) ?? assert.fail(host), port: 5, zone };
  const peer = { ...noActivity(), endpoint };
  rewriteZone(peer);
  return formatUapiEndpoint(peer.endpoint);
}

Deno.test("a zone is read as the C library reads it, and stays when that doesn't", () => {
  const options = { retries: "0", print: assert.fail };
  let understood = 0;
  for (const host of HOSTS) {
    for (const zone of ZONES) {
      let expected = `[${host}%${zone}]:5`;
      try {
        expected = formatUapiEndpoint(resolveNow(`${host}%${zone}`, "5", "", options));
        understood++;
      } catch {
        // stays
      }
      assert.equal(rewritten(host, zone), expected, `${host}%${zone}`);
    }
  }
  assert.ok(understood > HOSTS.length * 6 && understood < HOSTS.length * ZONES.length);
});

Deno.test("zones are written as wg writes them", () => {
  assert.equal(rewritten("fe80::1", "1"), "[fe80::1%lo]:5");
  assert.equal(rewritten("ff02::1", "1"), "[ff02::1%lo]:5");
  assert.equal(rewritten("ff01::1", "lo"), "[ff01::1%1]:5");
  assert.equal(rewritten("2001:db8::1", "01"), "[2001:db8::1%1]:5");
  assert.equal(rewritten("fe80::1", "0"), "[fe80::1]:5");
  assert.equal(rewritten("fe80::1", ""), "[fe80::1]:5");
  assert.equal(rewritten("::1", "lo"), "[::1%lo]:5");
});

Deno.test("a peer without an endpoint stays without", () => {
  const peer = noActivity();
  rewriteZone(peer);
  assert.deepEqual(peer, noActivity());
});
