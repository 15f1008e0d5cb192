import { INTERNET, type Site } from "./site.ts";

/** Counts at the remote host what reaches the internet beside the tunnel. */
export async function watchForLeaks(site: Site): Promise<void> {
  await site.remote.sh(`nft -f - <<'RULES'
table inet leaks {
  counter leaked {}
  chain arriving {
    type filter hook prerouting priority -400;
    iifname eth0 ip daddr ${INTERNET[4]} counter name leaked
    iifname eth0 ip6 daddr ${INTERNET[6]} counter name leaked
  }
}
RULES`);
}

/** The packets that have, since then. */
export async function leaked(site: Site): Promise<number> {
  const text = await site.remote.sh("nft list counter inet leaks leaked");
  return Number(/packets (\d+)/.exec(text)?.[1]);
}
