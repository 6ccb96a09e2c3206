/**
 * Byte streams: unix sockets (with descriptor passing), TCP, inherited sockets, stdio, pseudo-terminals, in-memory
 * pairs, all as one `Duplex`. Knows nothing of what flows through them.
 */
export type { Address, Duplex, DuplexSink, Listener, ListenOptions } from './duplex.ts'
export { listenFd, openFd } from './inherited.ts'
export { memoryPair } from './memory-pair.ts'
export { type NodeStreamsOptions, NodeStreamsWire } from './node-streams-wire.ts'
export { Pty } from './pty.ts'
export { openStdio } from './stdio.ts'
export { connectTcp, type InetTarget, listenTcp } from './tcp.ts'
export { TransportError, type TransportErrorKind } from './transport-error.ts'
export { connectUnix, listenUnix } from './unix.ts'
export type { DescriptorLink, Wire, WireReceiver } from './wire.ts'
export { WireDuplex, type WireDuplexOptions } from './wire-duplex.ts'
