import type { SharedScreen, ViewerPassword } from '../display/index.ts'
import type { GuestInput } from '../input/index.ts'
import type { Duplex, SecureStream } from '../transport/index.ts'
import type { Keymap } from './keymap.ts'
import type { PictureEncoder } from './picture-encoder.ts'
import type { VncClientEnd, VncServerEnd, vncEvents } from './vnc-events.ts'

/** What viewers may do to the machine. */
export interface VncPower {
  shutdown(): void
  reset(): void
}

/** How viewers are kept from being listened to. */
export interface VncTls {
  /** Whether the display shows a certificate, or nobody says who they are. */
  readonly kind: 'x509' | 'tls'
  /** @throws {TransportError} `tls`, if the viewer cannot, or may not come */
  secure(plain: Duplex): Promise<SecureStream>
  /** Reads certificates again. @throws {QmpError} in QEMU's words, if they cannot be */
  reload(): void
}

/** What all clients of a display share. */
export interface VncDisplayParts {
  readonly name: string
  readonly screen: SharedScreen
  readonly encoder: PictureEncoder
  readonly input: GuestInput
  readonly keymap: Keymap
  /** Keys are found by what they say, not by their numbers: -k names a layout. */
  readonly byKeysym: boolean
  /** Locks of the guest's keyboard follow what viewers type. */
  readonly lockKeySync: boolean
  /** Undefined if everybody is let in. */
  readonly password: ViewerPassword | undefined
  /** Undefined if they speak in the clear. */
  readonly tls: VncTls | undefined
  /** Undefined if viewers may do none of it. */
  readonly power: VncPower | undefined
  readonly emit: (name: keyof typeof vncEvents, server: VncServerEnd | undefined, client: VncClientEnd) => void
  readonly log: (what: string, error: unknown) => void
}
