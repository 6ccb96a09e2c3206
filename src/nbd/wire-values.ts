/** The numbers of the NBD protocol, by its own names. */

export const magics = {
  /** `NBDMAGIC`: begins every greeting. */
  greeting: 0x4e42444d41474943n,
  /** `IHAVEOPT`: a greeting of the new style, and every option. */
  option: 0x49484156454f5054n,
  /** A greeting of the old style. */
  oldStyle: 0x0000_4202_8186_1253n,
  optionReply: 0x0003_e889_0455_65a9n,
  request: 0x2560_9513,
  simpleReply: 0x6744_6698,
  structuredReply: 0x668e_33ef,
} as const

/** What a server offers, and what a client accepts, in the greeting. */
export const handshakeFlags = { fixedNewStyle: 1, noZeroes: 2 } as const

export const options = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const

const optionNames: Readonly<Record<number, string>> = {
  [options.exportName]: 'export name',
  [options.abort]: 'abort',
  [options.list]: 'list',
  [options.startTls]: 'starttls',
  [options.info]: 'info',
  [options.go]: 'go',
  [options.structuredReply]: 'structured reply',
  [options.listMetaContext]: 'list meta context',
  [options.setMetaContext]: 'set meta context',
}

/** What QEMU calls an option in its messages. */
export function optionName(option: number): string {
  return optionNames[option] ?? '<unknown>'
}

export const optionReplies = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  errorUnsupported: 0x8000_0001,
  errorPolicy: 0x8000_0002,
  errorInvalid: 0x8000_0003,
  errorPlatform: 0x8000_0004,
  errorTlsRequired: 0x8000_0005,
  errorUnknown: 0x8000_0006,
  errorShutdown: 0x8000_0007,
  errorBlockSizeRequired: 0x8000_0008,
  errorTooBig: 0x8000_0009,
} as const

const optionReplyNames: Readonly<Record<number, string>> = {
  [optionReplies.ack]: 'ack',
  [optionReplies.server]: 'server',
  [optionReplies.info]: 'info',
  [optionReplies.metaContext]: 'meta context',
  [optionReplies.errorUnsupported]: 'unsupported',
  [optionReplies.errorPolicy]: 'denied by policy',
  [optionReplies.errorInvalid]: 'invalid',
  [optionReplies.errorPlatform]: 'platform lacks support',
  [optionReplies.errorTlsRequired]: 'TLS required',
  [optionReplies.errorUnknown]: 'export unknown',
  [optionReplies.errorShutdown]: 'server shutting down',
  [optionReplies.errorBlockSizeRequired]: 'block size required',
}

/** What QEMU calls an answer to an option in its messages. */
export function optionReplyName(type: number): string {
  return optionReplyNames[type] ?? '<unknown>'
}

/** Kinds of information about an export. */
export const infos = { export: 0, name: 1, description: 2, blockSize: 3 } as const

/** What can be done with an export. */
export const exportFlags = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendFlush: 1 << 2,
  sendFua: 1 << 3,
  rotational: 1 << 4,
  sendTrim: 1 << 5,
  sendWriteZeroes: 1 << 6,
  sendDf: 1 << 7,
  canMultiConn: 1 << 8,
  sendResize: 1 << 9,
  sendCache: 1 << 10,
  sendFastZero: 1 << 11,
} as const

export const commands = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
  blockStatus: 7,
} as const

const commandNames: readonly string[] = [
  'read',
  'write',
  'disconnect',
  'flush',
  'trim',
  'cache',
  'write zeroes',
  'block status',
]

/** What QEMU calls a command in its messages. */
export function commandName(command: number): string {
  return commandNames[command] ?? '<unknown>'
}

export const commandFlags = { fua: 1, noHole: 2, df: 4, reqOne: 8, fastZero: 16 } as const

export const chunkTypes = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  error: 0x8001,
  errorOffset: 0x8002,
} as const

const chunkNames: Readonly<Record<number, string>> = {
  [chunkTypes.none]: 'none',
  [chunkTypes.offsetData]: 'data',
  [chunkTypes.offsetHole]: 'hole',
  [chunkTypes.blockStatus]: 'block status',
  [chunkTypes.error]: 'generic error',
  [chunkTypes.errorOffset]: 'error at offset',
}

/** What QEMU calls a chunk in its messages. */
export function chunkName(type: number): string {
  return chunkNames[type] ?? (isErrorChunk(type) ? '<unknown error>' : '<unknown>')
}

/** Whether a type of chunk says that the request has failed, known or not. */
export function isErrorChunk(type: number): boolean {
  return (type & 0x8000) !== 0
}

/** The chunk is the last of its reply. */
export const chunkDone = 1

/** Of `base:allocation`. */
export const allocationFlags = { hole: 1, zero: 2 } as const
/** Of `qemu:dirty-bitmap:NAME`. */
export const dirtyFlag = 1

/** The errors that go over the wire, by their names of the C library; others become EINVAL. */
export const errors = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const

export type ErrorName = keyof typeof errors

/** Of a system's error, what goes over the wire. */
export function wireError(code: string | undefined): number {
  if (code === 'EROFS') return errors.EPERM
  if (code === 'EDQUOT' || code === 'EFBIG') return errors.ENOSPC
  if (code === 'EOPNOTSUPP') return errors.ENOTSUP
  return code !== undefined && Object.hasOwn(errors, code) ? errors[code as ErrorName] : errors.EINVAL
}

const errorNames = new Map<number, ErrorName>(
  Object.entries(errors).map(([name, number]) => [number, name as ErrorName]),
)

/** The name of an error that came over the wire. */
export function errorOfWire(number: number): ErrorName {
  return errorNames.get(number) ?? 'EINVAL'
}

/** The most bytes that one request moves. */
export const largestTransfer = 32 * 2 ** 20
/** The most bytes that a name or a description has. */
export const longestName = 4096
/** The port where servers are looked for by default. */
export const defaultPort = 10809
