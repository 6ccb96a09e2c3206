/**
 * Byte streams: unix sockets (with descriptor passing), TCP, inherited sockets, stdio, pseudo-terminals, in-memory
 * pairs, all as one `Duplex`; TLS and WebSockets over any of them. Knows nothing of what flows through them.
 */
export { type AddressText, addressText, NetworkAddressFamily } from './address-text.ts'
export type { Address, Duplex, DuplexSink, Listener, ListenOptions } from './duplex.ts'
export { isSocket, listenFd, openFd } from './inherited.ts'
export { memoryPair } from './memory-pair.ts'
export { type NodeStreamsOptions, NodeStreamsWire } from './node-streams-wire.ts'
export { parseInetAddress, parseSocketAddress } from './parse-socket-address.ts'
export { Pty } from './pty.ts'
export { type InetTarget, resolveInet } from './resolve-inet.ts'
export { restartable } from './restartable-stream.ts'
export { connectTo, listenAt, type SocketAddress } from './socket-address.ts'
export { openStdio } from './stdio.ts'
export { adoptSocket, connectTcp, listenTcp } from './tcp.ts'
export type { Authorize, PeerWish } from './tls/peer-check.ts'
export { type SecureStream, secured } from './tls/secure-stream.ts'
export type { CertificateMaterial, TlsCredentials, TlsMaterial } from './tls/tls-credentials.ts'
export { TransportError, type TransportErrorKind } from './transport-error.ts'
export { connectUnix, listenUnix } from './unix.ts'
export { WebsocketDuplex } from './websocket/websocket-duplex.ts'
export type { DescriptorLink, Wire, WireReceiver } from './wire.ts'
export { WireDuplex, type WireDuplexOptions } from './wire-duplex.ts'
