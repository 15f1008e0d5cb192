/** Protocol numbers, in IPv4's protocol field and IPv6's next header. */
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMP6 = 58;

/** Bytes of a TCP header without options (RFC 9293 section 3.1). */
export const TCP_HEADER_SIZE = 20;
/** Bytes of a UDP header (RFC 768). */
export const UDP_HEADER_SIZE = 8;

/** Offsets in a TCP header. */
export const TcpHeader = {
  SEQUENCE: 4,
  ACKNOWLEDGMENT: 8,
  /** The upper four bits: the header's size in units of 4 bytes. */
  DATA_OFFSET: 12,
  FLAGS: 13,
  CHECKSUM: 16,
  URGENT: 18,
} as const;

/** Bits of TCP's flags. */
export const TcpFlag = { FIN: 0x01, PSH: 0x08, ACK: 0x10, ECE: 0x40, CWR: 0x80 } as const;

/** Offsets in a UDP header. */
export const UdpHeader = { LENGTH: 4, CHECKSUM: 6 } as const;

/** Offsets in an IPv4 header (RFC 791 section 3.1). */
export const Ipv4Header = {
  TOTAL_LENGTH: 2,
  ID: 4,
  FRAGMENT: 6,
  PROTOCOL: 9,
  CHECKSUM: 10,
  SOURCE: 12,
} as const;

/** "Don't fragment", in IPv4's field of the fragment offset. */
export const DONT_FRAGMENT = 0x4000;

/** Offsets in an IPv6 header (RFC 8200 section 3). */
export const Ipv6Header = { PAYLOAD_LENGTH: 4, NEXT_HEADER: 6, SOURCE: 8 } as const;
