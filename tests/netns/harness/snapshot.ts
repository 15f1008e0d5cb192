/** The state of a host that `wgts down` must restore. */
import assert from "node:assert/strict";
import type { Host } from "./host.ts";
import { waitFor } from "./wait.ts";

/** Links, addresses, rules, routes, firewall, files and the sysctls that a tunnel may touch. */
export async function snapshot(host: Host): Promise<string> {
  return await host.sh(`
    # The kernel takes a moment to make use of an IPv6 address.
    for try in {1..500}; do
      [[ -n $(ip -6 address show up tentative) ]] || break
      sleep 0.02
    done
    ip -brief link
    ip -brief address
    for family in -4 -6; do ip $family rule; ip $family route show table all; done
    nft list ruleset
    # not the directories: /run/wireguard is shared with other implementations
    find /run /etc/wireguard /var/lib/wgts -not -type d -printf '%p %y %m %u %s\\n' 2>/dev/null |
      sort || true
    sha256sum /etc/resolv.conf || true
    stat -c '%n %F %a %u %g' /etc/resolv.conf*
    cd /proc/sys/net
    grep . ipv4/conf/*/src_valid_mark ipv4/conf/*/rp_filter ipv4/ip_forward ipv6/conf/all/forwarding
  `);
}

/** Waits until the host is as it was: what the kernel and a dying process do takes a moment. */
export async function assertRestored(host: Host, before: string): Promise<void> {
  try {
    await waitFor("the former state", async () => await snapshot(host) === before);
  } catch {
    assert.equal(await snapshot(host), before);
  }
}
