// The modes that decide how values of some types are represented; the names are Debezium's.

export const decimalModes = ['precise', 'string', 'double'] as const
export const bigintUnsignedModes = ['long', 'precise'] as const
export const binaryModes = ['bytes', 'base64', 'base64-url-safe', 'hex'] as const
export const timeModes = ['adaptive_time_microseconds', 'connect', 'isostring', 'microseconds', 'nanoseconds'] as const

export const decimalFormats = ['base64', 'numeric'] as const
/** How the JsonConverter writes what is a Decimal in the schema. */
export type DecimalFormat = (typeof decimalFormats)[number]

/** Fit for a message between threads. */
export interface ValueModes {
  /** decimal.handling.mode */
  readonly decimal: (typeof decimalModes)[number]
  /** bigint.unsigned.handling.mode: `long` wraps values from 2^63 on to negative numbers, `precise` writes a Decimal of scale 0. */
  readonly bigintUnsigned: (typeof bigintUnsignedModes)[number]
  /** binary.handling.mode */
  readonly binary: (typeof binaryModes)[number]
  /** time.precision.mode; a timestamp is a string with its zone in all of them. */
  readonly time: (typeof timeModes)[number]
  /** value.converter.decimal.format */
  readonly decimalFormat: DecimalFormat
}

export const DEFAULT_VALUE_MODES: ValueModes = {
  decimal: 'precise',
  bigintUnsigned: 'long',
  binary: 'bytes',
  time: 'adaptive_time_microseconds',
  decimalFormat: 'base64',
}
