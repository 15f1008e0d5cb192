/**
 * struct virtio_net_hdr, which stands before each packet of a TUN interface with IFF_VNET_HDR: what is
 * left to be done to the packet, or what was done already (virtio 1.2, section 5.1.6). All fields are
 * little-endian here: Linux uses the machine's order, and runs on little-endian machines only where
 * this program does.
 */

/** Bytes of the header. */
export const VIRTIO_NET_HEADER_SIZE = 10;

/** Offsets of its fields: flags and GSO type have 1 byte, the others 2. */
export const VirtioNetHeader = {
  FLAGS: 0,
  GSO_TYPE: 1,
  /** Bytes of all headers of the packet; a hint, not to be trusted. */
  HEADER_LENGTH: 2,
  /** Payload bytes of each packet that the super-packet stands for, but for a shorter last one. */
  GSO_SIZE: 4,
  /** Where the checksummed part begins, from the start of the packet. */
  CHECKSUM_START: 6,
  /** Where in that part the checksum lies. It holds the sum of the pseudo-header. */
  CHECKSUM_OFFSET: 8,
} as const;

/** Flag: the checksum is still to be completed (VIRTIO_NET_HDR_F_NEEDS_CSUM). */
export const NEEDS_CHECKSUM = 1;

/** What kind of super-packet it is (VIRTIO_NET_HDR_GSO_*). */
export const GsoType = {
  NONE: 0,
  TCP4: 1,
  TCP6: 4,
  /** UDP over IPv4 or IPv6 (VIRTIO_NET_HDR_GSO_UDP_L4). */
  UDP: 5,
  /** Or-ed to TCP's: the first packet has the CWR flag (RFC 3168). */
  ECN: 0x80,
} as const;

/** Writes the header of a packet that is complete: all zero. */
export function clearVirtioNetHeader(view: DataView, header: number): void {
  view.setInt32(header, 0);
  view.setInt32(header + 4, 0);
  view.setInt16(header + 8, 0);
}
