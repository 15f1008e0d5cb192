import type { Target } from "../target.ts";
import { check } from "./check.ts";
import { config } from "./config.ts";
import { dnsAnswer } from "./dns.ts";
import { genericNetlink, routingNetlink } from "./netlink.ts";
import { uapiPeers } from "./peers.ts";
import { uapiClient, uapiServer } from "./uapi.ts";
import { wgArguments, wgFile } from "./wg.ts";

/** All that reads what others wrote. */
export const TARGETS: readonly Target[] = [
  config,
  check,
  wgFile,
  wgArguments,
  uapiServer,
  uapiClient,
  uapiPeers,
  genericNetlink,
  routingNetlink,
  dnsAnswer,
];
