/** Numbers of the RFB protocol (RFC 6143, and the community's extensions of it). */

export const Security = { invalid: 0, none: 1, vnc: 2, vencrypt: 19 } as const

/** Subtypes of VeNCrypt. */
export const VeNCrypt = {
  plain: 256,
  tlsNone: 257,
  tlsVnc: 258,
  tlsPlain: 259,
  x509None: 260,
  x509Vnc: 261,
  x509Plain: 262,
} as const

/** Ways to send a rectangle, and what a client says that it understands beside them. */
export const Encoding = {
  raw: 0,
  copyRect: 1,
  hextile: 5,
  zlib: 6,
  tight: 7,
  zrle: 16,
  desktopSize: -223,
  lastRect: -224,
  pointerTypeChange: -257,
  qemuKeyEvent: -258,
  ledState: -261,
  desktopName: -307,
  extendedDesktopSize: -308,
  xvp: -309,
  fence: -312,
  continuousUpdates: -313,
  extendedMouseButtons: -316,
} as const

/** Levels that a client asks for: of compression, and of what may be lost. */
export const levels = { compress: -256, quality: -32, count: 10 } as const

export const Led = { scrollLock: 1, numLock: 2, capsLock: 4 } as const

export const Xvp = { fail: 0, init: 1, shutdown: 2, reboot: 3, reset: 4 } as const

/** A client asks for an answer; the other bits say when it is to be given. */
export const fenceRequest = 0x8000_0000
export const fenceFlags = 0x0000_0007
