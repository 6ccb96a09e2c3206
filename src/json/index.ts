/**
 * QMP's JSON dialect: bytes to values and values to bytes, as QEMU 7.2 reads and prints them; and files of plain JSON.
 * Knows nothing of requests and replies.
 */
export { Double } from './double.ts'
export { JsonStream } from './json-stream.ts'
export { type PrintOptions, print } from './print.ts'
export { JsonFault, parseStrictJson } from './strict-json.ts'
export type { JsonMessage, JsonObject, JsonValue } from './value.ts'
