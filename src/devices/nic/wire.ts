import type { RxFilter } from '../../net/index.ts'
import type { RomBeginning } from '../pci-rom.ts'

/** What a card's two sides say to each other. Frames are Ethernet frames without their checksum. */

/** To the guest's side. */
export type ToCard =
  /** Frames from the network; the card says when it has put them where the guest finds them. */
  | { readonly kind: 'frames'; readonly frames: readonly Uint8Array[] }
  /** So many bytes of what the card sent have gone on. */
  | { readonly kind: 'passed'; readonly bytes: number }
  | { readonly kind: 'link'; readonly up: boolean }
  /** The guest is to tell the network where it is. */
  | { readonly kind: 'announce' }

/** From the guest's side. */
export type FromCard =
  | { readonly kind: 'frames'; readonly frames: readonly Uint8Array[] }
  /** So many frames have been put where the guest finds them, or were not for it. */
  | { readonly kind: 'taken'; readonly frames: number }
  /** Which frames it takes now; `said` if that is what the guest has asked for. */
  | { readonly kind: 'filter'; readonly filter: RxFilter; readonly said: boolean }

/** What the guest's side is told when it is made. */
export interface CardBeginning extends RomBeginning {
  readonly linkUp: boolean
}

/** Frames that may be on their way to a card. */
export const framesOnTheWay = 256
/** Bytes that may be on their way from a card; it stops reading its ring beyond. */
export const bytesOnTheWay = 1 << 20
