import type { Arena } from "./arena.ts";
import { cString } from "./text.ts";

// struct ossl_param_st of openssl/core.h
/** Bytes of one OSSL_PARAM. */
export const OSSL_PARAM_SIZE = 40;
/** Its fields: a name, a type, where the data is and how long. */
export const OSSL_PARAM = {
  key: 0,
  data_type: 8,
  data: 16,
  data_size: 24,
  return_size: 32,
} as const;
/** The type of raw bytes. */
export const OSSL_PARAM_OCTET_STRING = 5;

/** A parameter for libcrypto: raw bytes in the arena. */
export interface OctetParameter {
  name: string;
  /** Offset of the data; may be written later, at {@linkcode OSSL_PARAM.data}. */
  data: number;
  /** Bytes of the data. */
  size: number;
}

/** Reserves and writes a list of parameters, with the entry of zeros that ends it; returns its offset. */
export function reserveParams(arena: Arena, parameters: readonly OctetParameter[]): number {
  const list = arena.reserve((parameters.length + 1) * OSSL_PARAM_SIZE);
  const { bytes, view } = arena.memory;
  for (const [i, { name, data, size }] of parameters.entries()) {
    const text = cString(name);
    const nameAt = arena.reserve(text.length);
    bytes.set(text, nameAt);
    const at = list + i * OSSL_PARAM_SIZE;
    arena.writeAddress(at + OSSL_PARAM.key, nameAt);
    view.setUint32(at + OSSL_PARAM.data_type, OSSL_PARAM_OCTET_STRING, true);
    arena.writeAddress(at + OSSL_PARAM.data, data);
    view.setUint32(at + OSSL_PARAM.data_size, size, true);
  }
  return list;
}
