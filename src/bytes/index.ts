/** Bytes as they come from a peer, to be read as they are needed. Knows nothing of what they mean. */
export { ByteInbox } from './byte-inbox.ts'
