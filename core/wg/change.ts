import type { AllowedIpList } from "../allowed_ip_list.ts";
import type { InterfaceChange, PeerChange } from "../interface_change.ts";

/** The change that a command of wg(8) makes. */
export type WgChange = InterfaceChange<AllowedIpList>;

/** The part of it that is about one peer. */
export type WgPeerChange = PeerChange<AllowedIpList>;
