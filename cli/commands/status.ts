import { isInterfaceName } from "../../core/config/interface_name.ts";
import { formatStatus, type StatusOptions } from "../../core/show/status.ts";
import { UapiError } from "../../core/uapi/client.ts";
import { SysError } from "../../ffi/errno.ts";
import { ownNetworkNamespace } from "../../ffi/namespace.ts";
import { colorWanted, printError, writeStdout } from "../output.ts";
import { listInterfaces } from "../system/control_client.ts";
import { namespaceName } from "../system/namespace_name.ts";
import { getStatus } from "../system/status_client.ts";
import { UsageError } from "../usage_error.ts";

/** `wgts status`: how interfaces run; all of them, or those named. */
export async function main(args: string[]): Promise<number> {
  if (args.some((argument) => argument.startsWith("-"))) throw new UsageError();
  const options: StatusOptions = {
    wall: Date.now(),
    color: colorWanted(),
    namespace: ownNetworkNamespace(),
    namespaceName,
  };
  let code = 0;
  let separator = "";
  for (const name of args.length > 0 ? args : listInterfaces()) {
    const text = await describe(name, options);
    if (text === null) {
      code = 1;
      continue;
    }
    writeStdout(separator + text);
    separator = "\n";
  }
  return code;
}

/** The status of an interface as text; null, and a message, when it can't be had. */
async function describe(name: string, options: StatusOptions): Promise<string | null> {
  try {
    if (isInterfaceName(name)) return formatStatus(await getStatus(name, options.wall), options);
    printError(`wgts: ${name}: no interface is served by that name`);
  } catch (error) {
    if (!(error instanceof SysError || error instanceof UapiError)) throw error;
    printError(`wgts: ${name}: ${problemOf(error)}`);
  }
  return null;
}

function problemOf(error: SysError | UapiError): string {
  if (error instanceof UapiError) return error.message;
  const absent = error.code === "ENOENT" || error.code === "ECONNREFUSED";
  return absent ? "no interface is served by that name" : error.message;
}
