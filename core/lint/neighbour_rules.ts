/** What configs that are up at the same time would quarrel about. */

import type { QuickConfig } from "../config/types.ts";
import { IpPrefix } from "../ip.ts";
import type { Tell } from "./finding.ts";
import { itemsOf, type LocatedSection, settingsOf, valueSpan } from "./located.ts";
import type { Neighbour } from "./surroundings.ts";

/** Tells what this config has in common with its neighbours, of each thing the first one. */
export function checkNeighbours(
  { interface: { listenPort = 0 } }: QuickConfig,
  sections: readonly LocatedSection[],
  neighbours: readonly Neighbour[],
  tell: Tell,
): void {
  const port = settingsOf(sections, "ListenPort").at(-1);
  const rival = neighbours.find((other) => (other.listenPort ?? 0) === listenPort);
  if (port !== undefined && listenPort !== 0 && rival !== undefined) {
    const message = `${rival.file} listens on port ${listenPort} too`;
    const help = "expected another port: only one of them could be up";
    tell("shared-listen-port", valueSpan(port.line), message, help);
  }
  const users = new Map<string, string>();
  for (const { file, addresses } of neighbours) {
    for (const { address } of addresses) {
      const text = address.toString();
      if (!users.has(text)) users.set(text, file);
    }
  }
  for (const { text, span } of settingsOf(sections, "Address").flatMap(itemsOf)) {
    const address = IpPrefix.parse(text)?.address;
    const user = address === undefined ? undefined : users.get(address.toString());
    if (user !== undefined) tell("shared-address", span, `${user} has the address ${address} too`);
  }
}
