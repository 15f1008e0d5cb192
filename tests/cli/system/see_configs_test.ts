import assert from "node:assert/strict";
import { withoutKeys } from "../../../cli/system/doctor/see_configs.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";

const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

Deno.test("the keys of configs are wiped, and nothing of them is told", () => {
  const text = `[Interface]
PrivateKey = ${KEY}
Address = 10.0.0.1/24
ListenPort = 7
Table = off
DNS = 10.0.0.53
[Peer]
PublicKey = ${KEY}
PresharedKey = ${KEY}
AllowedIPs = 10.0.0.2/32
Endpoint = 192.0.2.1:51820
[Peer]
PublicKey = ${KEY.replace("y", "x")}
Endpoint = host.example:51820
`;
  const config = parseQuickConfig(text, "wg0.conf", { servicePort: () => null });
  const { privateKey } = config.interface;
  const presharedKey = config.peers[0]?.presharedKey;
  const { name, config: seen, endpoints, allowedIps } = withoutKeys("wg0", config);
  for (const key of [privateKey, presharedKey]) {
    assert.deepEqual(key, new Uint8Array(32));
  }
  assert.deepEqual([name, endpoints.join(), allowedIps.join()], [
    "wg0",
    "192.0.2.1",
    "10.0.0.2/32",
  ]);
  assert.deepEqual({ ...seen, addresses: seen.addresses.join() }, {
    addresses: "10.0.0.1/24",
    listenPort: 7,
    mtu: null,
    automaticRoutes: false,
    nameservers: 1,
  });
});
