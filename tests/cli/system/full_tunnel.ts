/** A tunnel with a step of nearly every kind. */
import { prefixes, quickConfig } from "../../core/plan/quick_config.ts";
import { ModelSystem } from "./model.ts";

export const PATH = "/etc/wireguard/wg0.conf";
export const FULL = quickConfig(
  {
    addresses: prefixes("10.0.0.1/24", "fd00::1/64"),
    preUp: ["pre-up %i"],
    postUp: ["post-up %i"],
    preDown: ["pre-down %i"],
    postDown: ["post-down %i"],
  },
  ["0.0.0.0/0", "::/0", "10.9.0.0/16"],
);
/** What is there without any tunnel. */
export const CLEAN = new ModelSystem().leftovers;
