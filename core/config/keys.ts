/** The names of sections and keys, and what a misspelt one was meant to be. */

/** A section of a config. */
export type SectionName = "Interface" | "Peer";

/** Keys of `[Interface]` that wg(8) knows. */
export type WgInterfaceKey = "PrivateKey" | "ListenPort" | "FwMark";
/** Keys of `[Peer]`. */
export type WgPeerKey =
  | "PublicKey"
  | "PresharedKey"
  | "AllowedIPs"
  | "Endpoint"
  | "PersistentKeepalive";
/** Keys of `[Interface]` that only wg-quick(8) knows. */
export type QuickKey =
  | "Address"
  | "DNS"
  | "MTU"
  | "Table"
  | "PreUp"
  | "PostUp"
  | "PreDown"
  | "PostDown"
  | "SaveConfig";
/** Keys of `[Interface]` that only wgts knows. */
export type WgtsInterfaceKey =
  | "PrivateKeyFile"
  | "DisallowedIPs"
  | "ReresolveInterval"
  | "BindAddress"
  | "BindInterface"
  | EventHookKey;
/** Keys of `[Interface]` whose values are commands for what happens to peers. */
export type EventHookKey = "OnHandshake" | "OnRoam" | "OnSessionExpired" | "OnReresolve";
/** Keys of `[Peer]` that only wgts knows. */
export type WgtsPeerKey = "PresharedKeyFile" | "DisallowedIPs" | "FallbackEndpoints";

/** The sections in their canonical spelling. */
export const SECTION_NAMES: readonly SectionName[] = ["Interface", "Peer"];
/** The keys of `[Interface]` that every dialect has, in their canonical spelling. */
export const WG_INTERFACE_KEYS: readonly WgInterfaceKey[] = ["PrivateKey", "ListenPort", "FwMark"];
/** The keys of `[Peer]` in their canonical spelling. */
export const WG_PEER_KEYS: readonly WgPeerKey[] = [
  "PublicKey",
  "PresharedKey",
  "AllowedIPs",
  "Endpoint",
  "PersistentKeepalive",
];
/** The keys that wg-quick adds to `[Interface]`, in their canonical spelling. */
export const QUICK_KEYS: readonly QuickKey[] = [
  "Address",
  "DNS",
  "MTU",
  "Table",
  "PreUp",
  "PostUp",
  "PreDown",
  "PostDown",
  "SaveConfig",
];

/** The keys of commands for what happens to peers. */
export const EVENT_HOOK_KEYS: readonly EventHookKey[] = [
  "OnHandshake",
  "OnRoam",
  "OnSessionExpired",
  "OnReresolve",
];
/** The keys that wgts adds to `[Interface]`, in their canonical spelling. */
export const WGTS_INTERFACE_KEYS: readonly WgtsInterfaceKey[] = [
  "PrivateKeyFile",
  "DisallowedIPs",
  "ReresolveInterval",
  "BindAddress",
  "BindInterface",
  ...EVENT_HOOK_KEYS,
];
/** The keys that wgts adds to `[Peer]`, in their canonical spelling. */
export const WGTS_PEER_KEYS: readonly WgtsPeerKey[] = [
  "PresharedKeyFile",
  "DisallowedIPs",
  "FallbackEndpoints",
];

/** Any key of `[Interface]`. */
export type InterfaceKey = WgInterfaceKey | QuickKey | WgtsInterfaceKey;
/** Any key of `[Peer]`. */
export type PeerKey = WgPeerKey | WgtsPeerKey;

/** All keys of `[Interface]`, whoever knows them. */
export const INTERFACE_KEYS: readonly InterfaceKey[] = [
  ...WG_INTERFACE_KEYS,
  ...QUICK_KEYS,
  ...WGTS_INTERFACE_KEYS,
];
/** All keys of `[Peer]`, whoever knows them. */
export const PEER_KEYS: readonly PeerKey[] = [...WG_PEER_KEYS, ...WGTS_PEER_KEYS];

/** The name that `text` is, whatever the case of its ASCII letters; null if there is none. */
export function findName<T extends string>(text: string, names: readonly T[]): T | null {
  const wanted = asciiLowerCase(text);
  return names.find((name) => asciiLowerCase(name) === wanted) ?? null;
}

/** The name that `text` was probably meant to be: at most a third of its letters differ. */
export function nearestName<T extends string>(text: string, names: readonly T[]): T | null {
  // Longer than any name could be: not worth a quadratic comparison.
  if (text.length > 40) return null;
  const wanted = asciiLowerCase(text);
  let nearest: T | null = null;
  let smallest = Infinity;
  for (const name of names) {
    const distance = editDistance(wanted, asciiLowerCase(name));
    if (distance < smallest && distance <= Math.max(1, name.length / 3)) {
      nearest = name;
      smallest = distance;
    }
  }
  return nearest;
}

const ASCII_ONLY = /^[\0-\x7f]*$/;

/** `toLowerCase()` would also turn the Kelvin sign into a k. */
export function asciiLowerCase(text: string): string {
  return ASCII_ONLY.test(text)
    ? text.toLowerCase()
    : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
