/**
 * WireGuard as a library: the protocol without any input or output, the config files of wg(8) and
 * wg-quick(8), and the control protocol of userspace interfaces. Importing it reads no file, loads no
 * native library and needs no permission. The program `wgts` is built on the same parts.
 *
 * A config file:
 *
 * ```ts
 * import { ConfigError, parseQuickConfig } from "./mod.ts";
 *
 * try {
 *   const config = parseQuickConfig("[Interface]\nAddress = 10.0.0.1/33\n", "wg0.conf");
 *   console.log(config.interface.addresses.join(", "));
 * } catch (error) {
 *   if (!(error instanceof ConfigError)) throw error;
 *   console.error(error.message); // names file, line, and what was expected
 * }
 * ```
 *
 * Keys:
 *
 * ```ts
 * import { createWasmCrypto, formatKey, generatePrivateKey, WASM_SCRATCH_SIZE } from "./mod.ts";
 *
 * const memory = new WebAssembly.Memory({ initial: Math.ceil(WASM_SCRATCH_SIZE / 65536) });
 * const { handshake } = createWasmCrypto(memory, 0);
 * const privateKey = generatePrivateKey((target) =>
 *   crypto.getRandomValues(target as Uint8Array<ArrayBuffer>)
 * );
 * const publicKey = new Uint8Array(32);
 * handshake.x25519Base(publicKey, privateKey);
 * console.log(formatKey(publicKey));
 * ```
 *
 * The protocol: a {@linkcode Device} is told which datagrams and packets arrived and what time it is,
 * and answers with what is to be sent and delivered. Everything lives in one {@linkcode Memory} that
 * its owner divides.
 *
 * ```ts
 * import { createNobleCrypto, Device, memoryOf, TransmitBuffer } from "./mod.ts";
 *
 * const memory = memoryOf(new ArrayBuffer(1 << 20));
 * const device = new Device({
 *   memory,
 *   crypto: createNobleCrypto(memory),
 *   random: (target) => crypto.getRandomValues(target as Uint8Array<ArrayBuffer>),
 *   keySlots: { offset: 0, length: 6 * 32 },
 *   batchList: { offset: 1024, length: 256 * 16 },
 *   transmit: new TransmitBuffer(65536, 1 << 19),
 * });
 * device.up({ boot: performance.now(), wall: Date.now() });
 * ```
 *
 * @module
 */

// The protocol of one interface
export type { AllowedIp } from "./core/allowed_ips.ts";
export { AllowedIps } from "./core/allowed_ips.ts";
export type { Now, Random } from "./core/clock.ts";
export { DatagramQueue } from "./core/datagram_queue.ts";
export type { DeviceOptions, Region } from "./core/device.ts";
export { Device } from "./core/device.ts";
export type { DeviceEvent, HandshakeDropReason } from "./core/device_event.ts";
export type { LocalSource } from "./core/endpoint.ts";
export { Endpoint } from "./core/endpoint.ts";
export type { Memory } from "./core/memory.ts";
export { memoryOf, secretBytes } from "./core/memory.ts";
export { PacketQueue } from "./core/packet_queue.ts";
export { Peer } from "./core/peer.ts";
export { TransmitBuffer } from "./core/transmit_buffer.ts";

// Cryptography
export type {
  ChecksumKernel,
  Crypto,
  HandshakeCrypto,
  TransportAead,
  X25519,
} from "./core/crypto/crypto.ts";
export {
  KEY_SIZE,
  MAX_HANDSHAKE_INPUT,
  TAG_SIZE,
  TRANSPORT_HEADER_SIZE,
} from "./core/crypto/crypto.ts";
export { createNobleCrypto } from "./core/crypto/noble.ts";
export { createWasmCrypto, WASM_SCRATCH_SIZE, wasmSupported } from "./core/crypto/wasm.ts";

// Keys and addresses
export type { IpFamily } from "./core/ip.ts";
export { formatIpAddress, IpAddress, IpPrefix } from "./core/ip.ts";
export {
  BASE64_KEY_LENGTH,
  clampPrivateKey,
  equalKeys,
  formatHexKey,
  formatKey,
  generatePresharedKey,
  generatePrivateKey,
  HEX_KEY_LENGTH,
  isZeroKey,
  parseHexKey,
  parseKey,
} from "./core/keys.ts";

// Config files
export type {
  BlankLine,
  ConfigLine,
  LineBase,
  OtherLine,
  SectionLine,
  SettingLine,
} from "./core/config/document.ts";
export { ConfigDocument } from "./core/config/document.ts";
export type {
  ConfigErrorCode,
  ConfigErrorDetails,
  ConfigPosition,
  ConfigWarning,
  Refuse,
} from "./core/config/error.ts";
export { ConfigError } from "./core/config/error.ts";
export type { ConfigLocation } from "./core/config/interface_name.ts";
export { isInterfaceName, locateConfig } from "./core/config/interface_name.ts";
export { expandHook, parseQuickConfig } from "./core/config/quick.ts";
export type { ConfigOptions } from "./core/config/sections.ts";
export type { EventHookKey } from "./core/config/keys.ts";
export { decodeConfigText, encodeConfigText } from "./core/config/text.ts";
export type {
  ConfigEndpoint,
  EventHooks,
  KeyFileName,
  NamedTable,
  QuickConfig,
  QuickInterfaceConfig,
  RoutingTable,
  WgConfig,
  WgInterfaceConfig,
  WgPeerConfig,
} from "./core/config/types.ts";
export type { ServicePort } from "./core/config/values.ts";
export { parseWgConfig } from "./core/config/wg.ts";

// The control protocol of userspace interfaces (wireguard.com/xplatform): the side that asks
export { checkUapiResult, GET_REQUEST, isCompleteAnswer, UapiError } from "./core/uapi/client.ts";
export { type UapiGetContext, UapiGetReader, type UsualLines } from "./core/uapi/get_reader.ts";
export { parseUapiGet } from "./core/uapi/parse_get.ts";
export { readUsualLines } from "./core/uapi/usual_lines.ts";
export { changeTo } from "./core/config/change.ts";
export { formatUapiChange } from "./core/uapi/change_request.ts";
export { formatUapiSet } from "./core/uapi/set_request.ts";
export { AllowedIpList } from "./core/allowed_ip_list.ts";
export type {
  AllowedIpChange,
  AllowedIpChanges,
  InterfaceChange,
  PeerChange,
} from "./core/interface_change.ts";
export type { InterfaceState, PeerActivity, PeerState } from "./core/interface_state.ts";

// The control protocol: the side that answers
export type { UapiCommand, UapiEndpoint, UapiEvent } from "./core/uapi/command.ts";
export { formatUapiResult } from "./core/uapi/command.ts";
export type { UapiAllowedIp, UapiDevice, UapiPeer } from "./core/uapi/get_response.ts";
export { formatUapiGet } from "./core/uapi/get_response.ts";
export type { PrintedDevice, PrintedPeer } from "./core/uapi/print_formats.ts";
export type { PrintFormat, PrintRequest } from "./core/uapi/print_request.ts";
export { formatPrintRequest } from "./core/uapi/print_request.ts";
export { formatUapiPrint } from "./core/uapi/print_response.ts";
export { UapiAllowedIpLine } from "./core/uapi/allowed_ip_line.ts";
export { UapiRequestParser } from "./core/uapi/request_parser.ts";
export { formatUapiEndpoint, parseUapiEndpoint } from "./core/uapi/values.ts";

// What `wg show` prints
export type { ShowField } from "./core/show/field_names.ts";
export { findShowField, SHOW_FIELDS } from "./core/show/field_names.ts";
export { formatShowField } from "./core/show/fields.ts";
export type { ShowOptions } from "./core/show/pretty.ts";
export { formatShow } from "./core/show/pretty.ts";
export { formatShowconf } from "./core/show/showconf.ts";
