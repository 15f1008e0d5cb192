/**
 * Values of D-Bus as bytes. Source: D-Bus Specification 0.43, "Marshaling (Wire Format)".
 *
 * Supported are the types y, q, b, i, u, s, o, g, v, arrays and structs.
 *
 * @module
 */
import { alignmentOf, DbusFormatError, splitSignature } from "./signature.ts";

/** A value: arrays and structs are arrays, but an array of bytes ("ay") is a Uint8Array. */
export type DbusValue = number | boolean | string | Uint8Array | DbusVariant | readonly DbusValue[];

/** A value that carries its type. */
export interface DbusVariant {
  /** One complete type. */
  readonly signature: string;
  readonly value: DbusValue;
}

/** Bytes of the largest array that the specification allows. */
const MAX_ARRAY = 1 << 26;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Encodes values of the types in `signature`, little-endian, from an offset that is a multiple of 8. */
export function encodeValues(
  signature: string,
  values: readonly DbusValue[],
): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const types = splitSignature(signature);
  if (types.length !== values.length) throw new DbusFormatError(`not values of ${signature}`);
  types.forEach((type, i) => encode(bytes, type, values[i] as DbusValue));
  return Uint8Array.from(bytes);
}

function encode(bytes: number[], type: string, value: DbusValue): void {
  pad(bytes, alignmentOf(type));
  const code = type.charAt(0);
  if (code === "a") return encodeArray(bytes, type.slice(1), value);
  if (code === "(" && Array.isArray(value)) {
    return splitSignature(type.slice(1, -1)).forEach((type, i) => encode(bytes, type, value[i]));
  }
  if (code === "v" && typeof value === "object" && "signature" in value) {
    encode(bytes, "g", value.signature);
    return encode(bytes, value.signature, value.value);
  }
  if (typeof value === "string") {
    const text = encoder.encode(value);
    if (code === "g") bytes.push(text.length);
    else if (code === "s" || code === "o") pushNumber(bytes, 4, text.length);
    else throw mismatch(type);
    bytes.push(...text, 0);
  } else if (code === "b" && typeof value === "boolean") {
    pushNumber(bytes, 4, Number(value));
  } else if ("yqiu".includes(code) && typeof value === "number") {
    pushNumber(bytes, alignmentOf(type), value);
  } else {
    throw mismatch(type);
  }
}

function encodeArray(bytes: number[], elementType: string, value: DbusValue): void {
  const lengthAt = bytes.length;
  pushNumber(bytes, 4, 0);
  pad(bytes, alignmentOf(elementType));
  const start = bytes.length;
  if (value instanceof Uint8Array && elementType === "y") bytes.push(...value);
  else if (Array.isArray(value)) { for (const each of value) encode(bytes, elementType, each); }
  else throw mismatch(`a${elementType}`);
  const length: number[] = [];
  pushNumber(length, 4, bytes.length - start);
  bytes.splice(lengthAt, 4, ...length);
}

function pad(bytes: number[], alignment: number): void {
  while (bytes.length % alignment !== 0) bytes.push(0);
}

function pushNumber(bytes: number[], size: number, value: number): void {
  for (let shift = 0; shift < size * 8; shift += 8) bytes.push((value >> shift) & 0xff);
}

function mismatch(type: string): DbusFormatError {
  return new DbusFormatError(`not a value of the D-Bus type ${type}`);
}

/**
 * Decodes values of the types in `signature` that begin at `start` of `bytes`, an offset that
 * counts for alignment.
 *
 * @returns the values, and the offset of what is behind them
 * @throws DbusFormatError when the bytes don't hold such values
 */
export function decodeValues(
  bytes: Uint8Array,
  start: number,
  signature: string,
  littleEndian: boolean,
): { values: DbusValue[]; end: number } {
  const reader = new Reader(bytes, start, littleEndian);
  const values = splitSignature(signature).map((type) => reader.read(type));
  return { values, end: reader.at };
}

class Reader {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly littleEndian: boolean,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  read(type: string, depth = 0): DbusValue {
    this.#align(alignmentOf(type));
    switch (type.charAt(0)) {
      case "y":
        return this.#view.getUint8(this.#take(1));
      case "q":
        return this.#view.getUint16(this.#take(2), this.littleEndian);
      case "i":
        return this.#view.getInt32(this.#take(4), this.littleEndian);
      case "u":
        return this.#u32();
      case "b":
        return this.#u32() !== 0;
      case "s":
      case "o":
        return this.#text(this.#u32());
      case "g":
        return this.#text(this.#view.getUint8(this.#take(1)));
      case "v":
        return this.#variant(depth);
      case "a":
        return this.#array(type.slice(1), depth);
      default:
        return splitSignature(type.slice(1, -1)).map((type) => this.read(type, depth + 1));
    }
  }

  #variant(depth: number): DbusVariant {
    const signature = this.#text(this.#view.getUint8(this.#take(1)));
    // A variant may hold another, and so on.
    if (splitSignature(signature).length !== 1 || depth > 16) {
      throw new DbusFormatError(`a D-Bus variant of type ${signature}`);
    }
    return { signature, value: this.read(signature, depth + 1) };
  }

  #array(elementType: string, depth: number): DbusValue {
    const length = this.#u32();
    this.#align(alignmentOf(elementType));
    const start = this.at;
    if (length > MAX_ARRAY || length > this.bytes.length - start) throw tooShort();
    if (elementType === "y") return this.bytes.slice(this.#take(length), start + length);
    const values: DbusValue[] = [];
    while (this.at < start + length) values.push(this.read(elementType, depth + 1));
    if (this.at !== start + length) throw new DbusFormatError("a D-Bus array of a wrong length");
    return values;
  }

  #text(length: number): string {
    const start = this.#take(length + 1);
    try {
      return decoder.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw new DbusFormatError("D-Bus text that is not UTF-8");
    }
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4), this.littleEndian);
  }

  #align(alignment: number): void {
    this.#take(-this.at & (alignment - 1));
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.bytes.length - start) throw tooShort();
    this.at += length;
    return start;
  }
}

function tooShort(): DbusFormatError {
  return new DbusFormatError("a D-Bus message that is too short");
}
