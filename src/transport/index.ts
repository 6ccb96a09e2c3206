/**
 * Byte streams: unix sockets (with descriptor passing), TCP, stdio, in-memory pairs, all as one `Duplex`.
 * Knows nothing of what flows through them.
 */
export type { Address, Duplex, DuplexSink, Listener, ListenOptions } from './duplex.ts'
