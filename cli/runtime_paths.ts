/** Where journals, locks and what engines tell of themselves live; gone after a reboot, like all that they describe. */
export const RUNTIME_DIRECTORY = "/run/wgts";

/** Where engines have their status sockets, and leave word of how they ended. */
export const STATUS_DIRECTORY: string = `${RUNTIME_DIRECTORY}/status`;

/** The socket at which the engine of interface `name` tells a group how it runs, and nothing else. */
export function statusSocketPath(name: string): string {
  return `${STATUS_DIRECTORY}/${name}.sock`;
}

/** The file in which the engine of interface `name` notes that it runs, and why it ended. */
export function engineRecordPath(name: string): string {
  return `${STATUS_DIRECTORY}/${name}.engine`;
}
