/**
 * wgts under the name `wg` against Debian's `wg`, as in wg_differential_test.ts, where others serve the
 * interfaces: they answer and refuse in their own ways, and are read and printed by the command itself.
 */
import {
  BORINGTUN_CURRENT,
  type Implementation,
  WIREGUARD_GO,
  WIREGUARD_GO_CURRENT,
} from "./harness/implementation.ts";
import { type Peculiarities, WgComparison } from "./harness/wg_comparison.ts";
import { publicKey } from "./harness/site.ts";
import { type Setting, WgTwins } from "./harness/wg_twins.ts";
import { CONFIG } from "./wg_cases/config.ts";
import { SET } from "./wg_cases/set.ts";
import { OTHER_PRIVATE_KEY, PRIVATE_KEY, settingWith } from "./wg_cases/setting.ts";
import { SHOW } from "./wg_cases/show.ts";

/** An implementation that serves the interfaces, and what of the scripts it can't do. */
interface Engine extends Implementation, Peculiarities {
  readonly cannot: readonly RegExp[];
}

/**
 * wireguard-go hears in several ways whether its interface is up, and may go down and up again at first. So that
 * is up before, and then its ports are looked at until they stay. Both begin with the only free one.
 */
function startedUp(engine: Implementation, cannot: readonly RegExp[]): Engine {
  return {
    ...engine,
    cannot,
    async start(machine, device) {
      await machine.sh(`ip tuntap add dev ${device} mode tun vnet_hdr
        ip link set ${device} up`);
      await engine.start(machine, device);
      await machine.sh(`looks=0 ports=
        until [[ $looks == 20 ]]; do
          sleep 0.05
          before=$ports ports=$(ss -Huan)
          looks=$(( looks + 1 ))
          [[ $ports == *:40000* && $ports == "$before" ]] || looks=0
          [[ $(ip link show ${device}) =~ state\\ (UP|UNKNOWN) ]] || looks=0
        done
        wg set ${device} listen-port ${PORTS[device]}`);
    },
  };
}

/** The ports that the interfaces begin with. */
const PORTS: Readonly<Record<string, number>> = { wg0: 51820, wg1: 40001 };

/** Removes single allowed IPs, which wireguard-go of Debian 12 and boringtun don't know. */
const REMOVES = /allowed-?ips\b.*[ ,'=]-[\d:]/is;
/** Depends on the order of peers, which is a new one each time, or wants one port for both interfaces. */
const NOWHERE = /\bcmp\b|conf wg1 [c$]/;

const ENGINES: readonly Engine[] = [
  startedUp(WIREGUARD_GO, [REMOVES]),
  startedUp(WIREGUARD_GO_CURRENT, []),
  {
    ...BORINGTUN_CURRENT,
    // It panics when a peer that is there is changed, and answers nobody any more.
    cannot: [REMOVES, /wg set wg\d .*peer|addconf|syncconf|(\[Peer\].*){2}/is],
    ownKeys: await Promise.all([PRIVATE_KEY, OTHER_PRIVATE_KEY].map(publicKey)),
  },
];

const [CONFIG_OF_WG0] = settingWith().configs;
const SETTING: Setting = {
  ...settingWith(),
  configs: [CONFIG_OF_WG0, `[Interface]\nListenPort = ${PORTS.wg1}\n`],
};

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "show and showconf": SHOW,
  "set": SET,
  "setconf, addconf and syncconf": CONFIG,
};

for (const engine of ENGINES) {
  for (const [group, all] of Object.entries(GROUPS)) {
    const scripts = all.filter((script) =>
      ![NOWHERE, ...engine.cannot].some((what) => what.test(script))
    );
    Deno.test({
      name: `like wg, of interfaces of ${engine.name}: ${group}`,
      ignore: engine.missing ?? false,
      fn: async () => {
        await using twins = await WgTwins.create(SETTING, engine);
        await new WgComparison({ ...engine, inAnyOrder: true }).compare(twins, scripts);
      },
    });
  }
}
