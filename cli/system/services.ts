/** Reads the text of /etc/services (services(5)): the UDP ports by name and alias, the first of each. */
export function parseServices(text: string): Map<string, number> {
  const ports = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name = "", where = "", ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    const port = /^([0-9]+)\/udp$/.exec(where)?.[1];
    if (port === undefined) continue;
    for (const word of [name, ...aliases]) if (!ports.has(word)) ports.set(word, Number(port));
  }
  return ports;
}

/** The UDP port of a service name; null for an unknown one. */
export function servicePort(name: string): number | null {
  let text: string;
  try {
    text = Deno.readTextFileSync("/etc/services");
  } catch {
    return null;
  }
  return parseServices(text).get(name) ?? null;
}
