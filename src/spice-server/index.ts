/**
 * SPICE: where a client connects to, whom it lets in, what it is shown and what it does to the guest. Knows the screen by
 * what viewers share of it, keyboard and mouse by what takes their events; knows no board.
 */
export type { SpiceMachine } from './main-channel.ts'
export { SpiceChannel, spiceEvents } from './spice-events.ts'
export { type SpiceConfig, type SpiceTlsFiles, spiceConfigOf, spiceOptionKinds } from './spice-options.ts'
export { type Connected, type SpiceInfo, type SpiceNews, SpiceServer, type SpiceServerOptions } from './spice-server.ts'
