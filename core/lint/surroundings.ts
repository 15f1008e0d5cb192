import type { IpPrefix } from "../ip.ts";
import type { KeyInFile } from "../config/key_files.ts";
import type { KeyFileName } from "../config/types.ts";
import type { ServicePort } from "../config/values.ts";

/** Another config, which may be up at the same time. */
export interface Neighbour {
  /** Its path, for messages. */
  readonly file: string;
  /** 0 or absent: the system chooses. */
  readonly listenPort?: number | undefined;
  /** As its [Interface] has them. */
  readonly addresses: readonly IpPrefix[];
}

/** What a linter knows of the world around a config. */
export interface LintSurroundings {
  /** What the config is called in messages. */
  readonly file: string;
  /** Whether it could be given to `up`: named after an interface, or not a file at all. */
  readonly isNamedAfterInterface: boolean;
  /** Whether everybody may access it. */
  readonly isWorldAccessible: boolean;
  /** Whether hooks would run in bash. */
  readonly hasBash: boolean;
  /** The numbers of routing tables by their names. */
  readonly tableNames: ReadonlyMap<string, number>;
  /** The UDP ports of services by their names. */
  readonly servicePort: ServicePort;
  /** The public key (32 bytes) of a private one (32 bytes). */
  readonly publicKeyOf: (privateKey: Uint8Array) => Uint8Array;
  /** Reads the file of a key. Throws KeyFileError when it can't be used. */
  readonly readKeyFile: (file: KeyFileName) => KeyInFile;
  /** The other configs. */
  readonly neighbours: readonly Neighbour[];
}
