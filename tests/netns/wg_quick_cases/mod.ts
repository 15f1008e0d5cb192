import type { QuickCase } from "../harness/quick_run.ts";
import { ADDRESSES } from "./addresses.ts";
import { DEFAULT_ROUTES } from "./default_routes.ts";
import { DNS } from "./dns.ts";
import { ENDINGS } from "./endings.ts";
import { FORMATS } from "./format.ts";
import { HOOKS } from "./hooks.ts";
import { MTUS } from "./mtu.ts";
import { REFUSED } from "./refused.ts";
import { ROUTES } from "./routes.ts";

/** The cases for wg-quick by what they are about. */
export const GROUPS: Readonly<Record<string, readonly QuickCase[]>> = {
  "addresses": ADDRESSES,
  "the MTU": MTUS,
  "routes": ROUTES,
  "default routes": DEFAULT_ROUTES,
  "hooks and SaveConfig": HOOKS,
  "DNS": DNS,
  "formats": FORMATS,
  "endings": ENDINGS,
  "what can't be brought up": REFUSED,
};
