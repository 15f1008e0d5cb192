import type { UapiEndpoint } from "../uapi/command.ts";

/** What reading a configuration as `wg` does needs of the system. */
export interface WgSurroundings {
  /**
   * What `wg` looks at before any endpoint: whether lookups can be made at all.
   * @throws WgError when the environment is wrong about them
   */
  checkLookups?(): void;
  /**
   * The address that a host and a service name mean; `text` is the endpoint as written.
   * @throws WgError when there is none
   */
  resolve(host: string, service: string, text: string): UapiEndpoint;
  /**
   * The UDP port that `service` means to getaddrinfo(3).
   * @throws WgError when it means none
   */
  port(service: string): number;
  /** Prints a line about something that is accepted all the same. */
  warn(line: string): void;
}
