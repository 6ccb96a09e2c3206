/**
 * The NBD protocol as bytes: what client and server say to each other, read from pieces of any size, and written. Knows
 * nothing of sockets, images, or who answers what.
 */
export { toBytes, toText, type Wide } from './big-endian.ts'
export { ByteIntake } from './byte-intake.ts'
export {
  type BlockSizes,
  type ExportInfo,
  exportFlagNames,
  exportInfo,
  exportNameReply,
  exportNameZeroes,
  type ListedExport,
  listedExport,
  type MetaContext,
  metaContext,
  readExportInfo,
  readExportNameReply,
  readListedExport,
  readMetaContext,
} from './export-info.ts'
export { clientFlags, type Greeting, GreetingParser, greeting } from './greeting.ts'
export { type ClientOption, type HagglingMessage, HagglingParser } from './haggling-parser.ts'
export {
  clientOption,
  type InfoRequest,
  infoRequest,
  type MetaContextRequest,
  metaContextRequest,
  optionError,
  optionReply,
  type Read,
  readContextExport,
  readInfoRequest,
  readMetaContextRequest,
  unexpectedLength,
} from './option-messages.ts'
export { isOptionError, type OptionReply, OptionReplyParser, optionErrorText } from './option-reply-parser.ts'
export {
  type ChunkOf,
  dataChunkHeader,
  type Extent,
  emptyChunk,
  errorChunk,
  holeChunk,
  simpleReply,
  statusChunk,
} from './replies.ts'
export { ReplyParser, type ReplyParserOptions, type ReplyPart } from './reply-parser.ts'
export { type Request, type RequestMessage, RequestParser, requestHeader } from './request.ts'
export {
  allocationFlags,
  commandFlags,
  commandName,
  commands,
  defaultPort,
  dirtyFlag,
  type ErrorName,
  errorOfWire,
  errors,
  exportFlags,
  handshakeFlags,
  infos,
  largestTransfer,
  longestName,
  optionName,
  optionReplies,
  optionReplyName,
  options,
  wireError,
} from './wire-values.ts'
