/**
 * The two hash orders of QEMU that clients can see: QDict's, in which members are printed and envelopes are checked,
 * and GLib's, which decides which of several unexpected members is named and how the children of an object are listed;
 * and CRC-32, and the checksum of the Internet's protocols. Pure arithmetic; knows nothing of JSON.
 */
export { crc32 } from './crc32.ts'
export { firstStranger, GlibTable } from './glib-order.ts'
export { checksumOf, folded, sumOf } from './internet-checksum.ts'
export { keepNames, memberNames, startsWithDigit } from './member-names.ts'
export { qdictBucket, qdictOrder } from './qdict-order.ts'
