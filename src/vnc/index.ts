/**
 * VNC: displays that viewers connect to, whom they let in, what viewers are shown and what they do to the guest. Knows
 * the screen by its console, keyboard and mouse by what takes their events; knows no board.
 */
export { readKeymap } from './keymap-file.ts'
export { VncDisplay, type VncDisplayInfo, type VncDisplayOptions } from './vnc-display.ts'
export type { VncPower, VncTls } from './vnc-display-parts.ts'
export { VncDisplays } from './vnc-displays.ts'
export {
  authText,
  type VncClientEnd,
  VncClientInfo,
  VncPrimaryAuth,
  VncServerInfo2,
  VncVencryptSubAuth,
  vncEvents,
} from './vnc-events.ts'
export {
  unlistedDisplay,
  usualDisplay,
  type VncAddress,
  type VncDisplayConfig,
  vncAddressesOf,
  vncDisplayOf,
  vncOptionKinds,
} from './vnc-options.ts'
