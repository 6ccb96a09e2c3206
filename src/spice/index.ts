/**
 * SPICE as bytes: links, tickets' places, messages of the main, display, inputs and cursor channels, and images compressed
 * by its LZ. Knows neither sockets nor screens.
 */
export { type InputsMessage, readDisplay, readInputs, readMain } from './client-message.ts'
export { LinkFailure, type LinkRequest, linkErrorReply, linkReply, linkResult, readLinkRequest } from './link.ts'
export { compressLz } from './lz.ts'
export { type Message, MessagePrinter, readMessage } from './message.ts'
export {
  authSpice,
  ChannelType,
  CommonCapability,
  displayMonitorsConfig,
  inputsKeyScancode,
  LinkError,
  MouseButton,
  MouseMode,
  mainNameAndUuid,
  motionBunch,
  ticketBytes,
  ticketKeyBits,
} from './numbers.ts'
export {
  type Box,
  channelList,
  copyBits,
  cursorInit,
  drawCopy,
  inputsInit,
  inputsModifiers,
  invalidPalettes,
  type MouseModes,
  machineName,
  machineUuid,
  mainInit,
  mark,
  monitorsConfig,
  motionAck,
  mouseModes,
  type OtherHost,
  type OutMessage,
  setAck,
  surfaceCreate,
  surfaceDestroy,
  switchHost,
} from './server-message.ts'
export { SpiceError } from './spice-error.ts'
