import { CONFIG_DIRECTORY, isInterfaceName } from "../../core/config/interface_name.ts";
import { formatKey } from "../../core/keys.ts";
import { listInterfaces } from "../system/list_interfaces.ts";
import { namedNamespaces } from "../system/namespace_name.ts";
import { getStatus } from "../system/status_client.ts";
import type { CompletionSurroundings } from "./completion.ts";

const SUFFIX = ".conf";
/** For how long what serves an interface may keep silent, in milliseconds: somebody has pressed a key. */
const TIMEOUT_MS = 1000;

/** This system. Nothing here may fail: whoever presses a key in a shell doesn't want to read errors. */
export const SYSTEM: CompletionSurroundings = {
  interfaces: async () => await attempt(async () => await listInterfaces()),
  peers: async (interfaceName) =>
    await attempt(async () => {
      if (!isInterfaceName(interfaceName)) return [];
      const { peers } = await getStatus(interfaceName, Date.now(), TIMEOUT_MS);
      return peers.map(({ publicKey, name }) => ({
        value: formatKey(publicKey),
        description: name ?? "",
      }));
    }),
  configs: () => {
    try {
      return [...Deno.readDirSync(CONFIG_DIRECTORY)]
        .filter(({ name }) => name.endsWith(SUFFIX))
        .map(({ name }) => name.slice(0, -SUFFIX.length))
        .filter(isInterfaceName)
        .sort();
    } catch {
      return [];
    }
  },
  links: () => {
    try {
      return [...Deno.readDirSync("/sys/class/net")].map(({ name }) => name).sort();
    } catch {
      return [];
    }
  },
  namespaces: namedNamespaces,
  groups: () => {
    try {
      return Deno.readTextFileSync("/etc/group").split("\n")
        .map((line) => line.slice(0, Math.max(0, line.indexOf(":"))))
        .filter((name) => name !== "");
    } catch {
      return [];
    }
  },
};

async function attempt<T>(get: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await get();
  } catch {
    return [];
  }
}
