import assert from "node:assert/strict";
import { parseNameservers } from "../../../core/dns/resolv_conf.ts";

function nameservers(text: string): string[] {
  return parseNameservers(text).map(({ address, port, zone }) => `${address}%${zone}:${port}`);
}

Deno.test("the name servers of a resolv.conf are found as glibc finds them", () => {
  assert.deepEqual(
    nameservers(
      "# nameserver 192.0.2.1\n; nameserver 192.0.2.2\nnameserver 192.0.2.3 # comment\n" +
        "search nameserver 192.0.2.4\nnameserver\t2001:db8::1\nnameserver fe80::1%eth0\n" +
        " nameserver 192.0.2.5\nnameserver\nnameserver x\nnameservers 192.0.2.6\n" +
        "nameserver   192.0.2.7",
    ),
    ["192.0.2.3%:53", "2001:db8::1%:53", "fe80::1%eth0:53", "192.0.2.7%:53"],
  );
  assert.deepEqual(nameservers(""), []);
});
