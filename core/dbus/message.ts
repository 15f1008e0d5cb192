/**
 * Messages of D-Bus, as far as a client needs them that calls methods and awaits each answer.
 *
 * Source: D-Bus Specification 0.43, "Message Protocol".
 *
 * @module
 */
import { DbusFormatError } from "./signature.ts";
import { type DbusValue, decodeValues, encodeValues } from "./values.ts";

/** A call of a method. */
export interface DbusCall {
  /** The bus name of who is called. */
  readonly destination: string;
  /** The path of the object. */
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** The types of `body`. */
  readonly signature: string;
  readonly body: readonly DbusValue[];
}

/** A message that came in. */
export interface DbusMessage {
  readonly type: number;
  /** The serial number of the call that it answers; null when it answers none. */
  readonly replySerial: number | null;
  /** For errors, such as "org.freedesktop.DBus.Error.AccessDenied"; else null. */
  readonly errorName: string | null;
  readonly body: readonly DbusValue[];
}

/** A message that answers a call. */
export const METHOD_RETURN = 2;
/** A message that tells why a call failed. */
export const ERROR = 3;

const METHOD_CALL = 1;
const PROTOCOL_VERSION = 1;
const LITTLE_ENDIAN = 0x6c;
const BIG_ENDIAN = 0x42;
/** Bytes of the header before its fields. */
const FIXED_SIZE = 12;
/** Bytes of the largest message that the specification allows. */
const MAX_MESSAGE = 1 << 27;

const FIELD = {
  PATH: 1,
  INTERFACE: 2,
  MEMBER: 3,
  ERROR_NAME: 4,
  REPLY_SERIAL: 5,
  DESTINATION: 6,
  SIGNATURE: 8,
};

/** The message that makes `call`, little-endian. `serial` is not 0, and another for each call. */
export function encodeCall(call: DbusCall, serial: number): Uint8Array<ArrayBuffer> {
  const body = encodeValues(call.signature, call.body);
  const field = (code: number, signature: string, value: string) => [code, { signature, value }];
  const fields = [
    field(FIELD.PATH, "o", call.path),
    field(FIELD.MEMBER, "s", call.member),
    field(FIELD.INTERFACE, "s", call.interface),
    field(FIELD.DESTINATION, "s", call.destination),
    ...(body.length === 0 ? [] : [field(FIELD.SIGNATURE, "g", call.signature)]),
  ];
  const start = [LITTLE_ENDIAN, METHOD_CALL, 0, PROTOCOL_VERSION, body.length, serial, fields];
  const header = encodeValues("yyyyuua(yv)", start);
  const bytes = new Uint8Array(align8(header.length) + body.length);
  bytes.set(header);
  bytes.set(body, align8(header.length));
  return bytes;
}

/**
 * Bytes of the message that `bytes` begin with; null while that can't be known.
 *
 * @throws DbusFormatError when it is no message
 */
export function messageSize(bytes: Uint8Array): number | null {
  if (bytes.length < FIXED_SIZE + 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const littleEndian = isLittleEndian(bytes);
  const fields = view.getUint32(FIXED_SIZE, littleEndian);
  const size = align8(FIXED_SIZE + 4 + fields) + view.getUint32(4, littleEndian);
  if (size > MAX_MESSAGE) throw new DbusFormatError("a D-Bus message that is too long");
  return size;
}

/**
 * Decodes a whole message.
 *
 * @throws DbusFormatError when it is none, or has values of types that are not supported
 */
export function decodeMessage(bytes: Uint8Array): DbusMessage {
  const littleEndian = isLittleEndian(bytes);
  const { values, end } = decodeValues(bytes, 0, "yyyyuua(yv)", littleEndian);
  const fields = new Map<DbusValue, DbusValue>();
  for (const field of values[6] as readonly (readonly DbusValue[])[]) {
    const [code, variant] = field;
    if (code !== undefined && typeof variant === "object" && "signature" in variant) {
      fields.set(code, variant.value);
    }
  }
  const signature = fields.get(FIELD.SIGNATURE);
  const body = typeof signature === "string"
    ? decodeValues(bytes, align8(end), signature, littleEndian).values
    : [];
  const replySerial = fields.get(FIELD.REPLY_SERIAL);
  const errorName = fields.get(FIELD.ERROR_NAME);
  return {
    type: bytes[1] ?? 0,
    replySerial: typeof replySerial === "number" ? replySerial : null,
    errorName: typeof errorName === "string" ? errorName : null,
    body,
  };
}

function isLittleEndian(bytes: Uint8Array): boolean {
  if (bytes[0] === LITTLE_ENDIAN) return true;
  if (bytes[0] === BIG_ENDIAN) return false;
  throw new DbusFormatError("no D-Bus message");
}

function align8(length: number): number {
  return (length + 7) & ~7;
}
