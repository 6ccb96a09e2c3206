/** Numbers of the protocol (spice-protocol 0.14, `protocol.h` and `enums.h`). */

/** What opens a link, both ways. */
export const magic = 'REDQ'
export const version = { major: 2, minor: 2 } as const

export const ChannelType = { main: 1, display: 2, inputs: 3, cursor: 4 } as const

/** How a link begins or fails: in the reply, and again when the ticket has been looked at. */
export const LinkError = {
  ok: 0,
  error: 1,
  invalidMagic: 2,
  invalidData: 3,
  versionMismatch: 4,
  needSecured: 5,
  needUnsecured: 6,
  permissionDenied: 7,
  badConnectionId: 8,
  channelNotAvailable: 9,
} as const
export type LinkErrorNumber = (typeof LinkError)[keyof typeof LinkError]

/** Bits of what both sides may understand of every channel. */
export const CommonCapability = { authSelection: 1 << 0, authSpice: 1 << 1, miniHeader: 1 << 3 } as const
/** What a client answers if it has chosen to show a ticket. */
export const authSpice = 1
/** Of the main channel: names and UUIDs of machines are told. */
export const mainNameAndUuid = 1 << 1
/** Of the display channel: monitors are told. */
export const displayMonitorsConfig = 1 << 1
/** Of the inputs channel: keys may come as scan codes. */
export const inputsKeyScancode = 1 << 0

/** The ticket: a password, encrypted with a key of this length, which is told in this many bytes. */
export const ticketKeyBits = 1024
export const ticketKeyBytes = 162
export const ticketBytes = ticketKeyBits / 8

/** Whether the guest moves the pointer, as it is told of movements, or the client, which tells places. */
export const MouseMode = { server: 1, client: 2 } as const

/** After so many movements a client waits for an acknowledgement of ours. */
export const motionBunch = 4

export const ServerMessage = {
  setAck: 3,
  ping: 4,
  disconnecting: 6,
  notify: 7,
  main: { init: 103, channels: 104, mouseMode: 105, switchHost: 111, name: 113, uuid: 114 },
  display: {
    mark: 102,
    copyBits: 104,
    invalAllPalettes: 108,
    drawCopy: 304,
    surfaceCreate: 314,
    surfaceDestroy: 315,
    monitorsConfig: 317,
  },
  inputs: { init: 101, modifiers: 102, motionAck: 111 },
  cursor: { init: 101 },
} as const

export const ClientMessageType = {
  ackSync: 1,
  ack: 2,
  pong: 3,
  disconnecting: 6,
  main: { attachChannels: 104, mouseModeRequest: 105 },
  display: { init: 101 },
  inputs: {
    keyDown: 101,
    keyUp: 102,
    modifiers: 103,
    scancode: 104,
    motion: 111,
    position: 112,
    press: 113,
    release: 114,
  },
} as const

/** Buttons that are told when they go down; the last two are steps of a wheel. */
export const MouseButton = { left: 1, middle: 2, right: 3, up: 4, down: 5, side: 6, extra: 7 } as const
