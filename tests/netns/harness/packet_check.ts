/**
 * Checks captured packets by the RFCs alone: shares no code with what is tested. Headers without IPv6
 * extension headers only, which is what the tests' traffic has.
 */
import assert from "node:assert/strict";

const TCP = 6, UDP = 17;
const SYN = 0x02, RST = 0x04;

/** What a valid packet says. */
export interface InnerPacket {
  readonly size: number;
  /** Protocol, addresses and ports. */
  readonly flow: string;
  /** IPv4's identification; -1 for IPv6. */
  readonly id: number;
  /** TCP's; 0 for UDP. */
  readonly sequence: number;
  readonly flags: number;
  readonly payload: number;
}

/** Parses `bytes`, and wants all that a receiver checks: lengths, and the checksums of all headers. */
export function checkPacket(bytes: Uint8Array): InnerPacket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = (bytes[0] ?? 0) >> 4;
  let header: number, protocol: number, pseudo: number[], addresses: string, id: number;
  if (version === 4) {
    header = (view.getUint8(0) & 0xf) * 4;
    assert.equal(view.getUint16(2), bytes.length, "total length");
    assert.equal(onesComplementSum(bytes.subarray(0, header)), 0xffff, "IPv4 header checksum");
    assert.equal(view.getUint16(6) & 0xbfff, 0, "no fragment");
    protocol = view.getUint8(9);
    pseudo = [...bytes.subarray(12, 20)];
    addresses = `${bytes.subarray(12, 16).join(".")} ${bytes.subarray(16, 20).join(".")}`;
    id = view.getUint16(4);
  } else {
    assert.equal(version, 6);
    header = 40;
    assert.equal(view.getUint16(4), bytes.length - 40, "payload length");
    protocol = view.getUint8(6);
    pseudo = [...bytes.subarray(8, 40)];
    addresses = `${bytes.subarray(8, 24).join(".")} ${bytes.subarray(24, 40).join(".")}`;
    id = -1;
  }
  assert(protocol === TCP || protocol === UDP, `protocol ${protocol}`);
  const transport = bytes.subarray(header);
  const { length } = transport;
  pseudo.push(0, protocol, length >> 8, length & 0xff);
  const sum = onesComplementSum(Uint8Array.from([...pseudo, ...transport]));
  assert.equal(sum, 0xffff, "transport checksum");
  const ports = `${view.getUint16(header)} ${view.getUint16(header + 2)}`;
  if (protocol === UDP) {
    assert.equal(view.getUint16(header + 4), length, "UDP length");
    assert.notEqual(view.getUint16(header + 6), 0, "a UDP checksum");
  }
  const headers = protocol === UDP ? 8 : (view.getUint8(header + 12) >> 4) * 4;
  return {
    size: bytes.length,
    flow: `${protocol} ${addresses} ${ports}`,
    id,
    sequence: protocol === UDP ? 0 : view.getUint32(header + 4),
    flags: protocol === UDP ? 0 : view.getUint8(header + 13),
    payload: length - headers,
  };
}

/**
 * Checks the packets of one TCP connection in one direction, in the order of their arrival. IPv4 IDs count
 * up, by one where nothing was lost: so nothing was reordered or made twice. A connection begins with SYN,
 * and data follow on data.
 *
 * @param lossless whether nothing was retransmitted either
 * @returns bytes of data, retransmissions not counted twice
 */
export function checkTcpFlow(packets: readonly InnerPacket[], lossless: boolean): number {
  const [opening] = packets;
  assert(opening !== undefined && (opening.flags & SYN) !== 0);
  const first = (opening.sequence + 1) >>> 0;
  let next = first, lastId = opening.id;
  for (const { id, sequence, flags, payload } of packets.slice(1)) {
    // What isn't sent by the connection itself, as the last acknowledgment, doesn't have its counter.
    const isOwn = payload > 0 || (id !== 0 && (flags & RST) === 0);
    if (id >= 0 && isOwn) {
      const ahead = (id - lastId) & 0xffff;
      assert(lossless ? ahead === 1 : ahead > 0 && ahead < 0x8000, `ID ${id} after ${lastId}`);
      lastId = id;
    }
    if (lossless && payload > 0) assert.equal(sequence, next, "data follow on data");
    const end = (sequence + payload) >>> 0;
    if (payload > 0 && ((end - next) | 0) > 0) next = end;
  }
  return (next - first) >>> 0;
}

/** RFC 1071. */
function onesComplementSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}
