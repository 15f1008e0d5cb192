import { IpAddress } from "../../../core/ip.ts";
import type { WgSetSurroundings } from "../../../core/wg/arguments.ts";
import { WgError } from "../../../core/wg/error.ts";

/** Surroundings that know little, and keep what is printed. */
export class TestSurroundings implements WgSetSurroundings {
  readonly warnings: string[] = [];
  /** What was looked up. */
  readonly lookups: (readonly [host: string, service: string])[] = [];

  readonly resolve = (host: string, service: string, text: string) => {
    this.lookups.push([host, service]);
    const address = IpAddress.parse(host);
    if (address === null) throw new WgError(`Name or service not known: \`${text}'`);
    return { address, port: Number(service), zone: "" };
  };

  readonly port = (service: string) => {
    if (service === "domain") return 53;
    throw new WgError(`Servname not supported for ai_socktype: \`${service}'`);
  };

  readonly warn = (line: string) => {
    this.warnings.push(line);
  };

  /** Of each letter the key of 32 such bytes. */
  readonly readKey = (path: string) => {
    if (path.length !== 1) throw new WgError("fopen: No such file or directory");
    return new Uint8Array(32).fill(path.charCodeAt(0));
  };
}
