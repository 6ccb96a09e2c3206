/**
 * RFB, the protocol of VNC, as bytes: what a client says, what a server says, pixels as a client wants them, and the ways
 * to send a picture. Knows no connection and no screen; what compresses is handed to it.
 */
export { ByteWriter } from './byte-writer.ts'
export { type Area, type ClientMessage, readClientMessage, withFurtherButtons } from './client-message.ts'
export { type PictureEncoding, preferredEncoding, rawEncoding } from './encoders.ts'
export { type MinorVersion, newestVersion, readVersion, versionBytes } from './handshake.ts'
export { Encoding, fenceFlags, fenceRequest, Led, levels, Security, VeNCrypt, Xvp } from './numbers.ts'
export { PixelCoder, type PixelFormat, usualFormat } from './pixel-format.ts'
export {
  type ColourRectangle,
  type CompressedTail,
  type EncodedRectangle,
  type PixelRectangle,
  printRectangleHeader,
  printTail,
} from './rectangle.ts'
export { RfbError } from './rfb-error.ts'
export * from './server-message.ts'
