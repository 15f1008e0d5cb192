import assert from "node:assert/strict";
import {
  composeResolvConf,
  parseNameservers,
  resolvconfInput,
} from "../../../core/dns/resolv_conf.ts";

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

const NO_DOMAINS = { search: [], routes: [] };

Deno.test("a resolv.conf of ours has the servers of all tunnels, the latest first", () => {
  const wg0 = { interface: "wg0", settings: { ...NO_DOMAINS, servers: ["10.0.0.1", "10.0.0.2"] } };
  const wg1 = {
    interface: "wg1",
    settings: { servers: ["10.0.0.2", "fd00::1"], search: ["corp", "b"], routes: ["c"] },
  };
  const original = "# x\nnameserver 192.0.2.1\nsearch lan\ndomain lan\noptions  edns0 trust-ad\n" +
    "sortlist 10.0.0.0\noptions ndots:2";
  assert.equal(
    composeResolvConf([wg0, wg1], original),
    "# Made by wgts for wg0, wg1; `wgts down' restores the former one\n" +
      "nameserver 10.0.0.2\nnameserver fd00::1\nnameserver 10.0.0.1\nsearch corp b\n" +
      "options edns0 trust-ad\nsortlist 10.0.0.0\noptions ndots:2\n",
  );
});

Deno.test("no more servers are named than the C library takes", () => {
  const owners = ["1", "2"].map((n) => ({
    interface: `wg${n}`,
    settings: { ...NO_DOMAINS, servers: [`10.${n}.0.1`, `10.${n}.0.2`] },
  }));
  assert.deepEqual(
    parseNameservers(composeResolvConf(owners, "")).map(({ address }) => String(address)),
    ["10.2.0.1", "10.2.0.2", "10.1.0.1"],
  );
});

Deno.test("resolvconf reads what wg-quick writes", () => {
  const settings = { servers: ["10.0.0.1", "fd00::1"], search: ["a", "b"], routes: ["c"] };
  assert.equal(resolvconfInput(settings), "nameserver 10.0.0.1\nnameserver fd00::1\nsearch a b\n");
  assert.equal(resolvconfInput({ ...settings, search: [] }).includes("search"), false);
});
