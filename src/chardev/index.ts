/**
 * Character devices on the host's side: sockets, files, standard input and output, with QEMU's options and names, kept
 * by label. Knows nothing of the guest's devices and of the protocols that its front ends speak.
 */
export type { Chardev, Frontend } from './chardev.ts'
export { ChardevError, type ChardevErrorKind } from './chardev-error.ts'
export { type ChardevInfo, ChardevSet, type ChardevWatch } from './chardev-set.ts'
export { Line } from './line.ts'
export type { MuxActions } from './mux-chardev.ts'
export { mostFrontends } from './mux-chardev.ts'
export { openChardev } from './open-chardev.ts'
export { chardevOptionKinds } from './option-values.ts'
export type { Backend, ChardevKeys, ChardevOptions, SocketBackend, SocketTarget } from './options.ts'
export {
  chardevHelp,
  chardevTypes,
  type DescriptorReader,
  readChardevOptions,
  ringSize,
  udpBackend,
} from './read-options.ts'
export { decodeBase64, textOf } from './ring-text.ts'
export { parseChardevShorthand, type Shorthand } from './shorthand.ts'
export { socketBackend } from './socket-backend.ts'
export { SocketChardev } from './socket-chardev.ts'
