/**
 * QMP's JSON dialect: bytes to values and values to bytes, as QEMU 7.2 reads and prints them.
 * Knows nothing of requests and replies.
 *
 * Values: objects have no prototype, integers are numbers where that is exact and bigints beyond, doubles are numbers
 * unless they have no fraction: those are boxed as `Double`, since `1.0` is no integer in QMP.
 */
export { Double } from './double.ts'
export { type JsonMessage, JsonStream } from './json-stream.ts'
export { type PrintOptions, print } from './print.ts'
