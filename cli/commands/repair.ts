import { UsageError } from "../program_name.ts";
import { repairDns } from "../system/dns/step.ts";
import { openSession } from "../system/open_session.ts";
import { requireNetAdmin } from "../system/privileges.ts";

/** `wgts repair`: takes back what tunnels left of themselves that ended without `down`. */
export async function main(args: string[]): Promise<number> {
  if (args.length > 0) throw new UsageError();
  requireNetAdmin("repair what tunnels left behind");
  using opened = openSession("", "");
  await repairDns(opened.session);
  return 0;
}
