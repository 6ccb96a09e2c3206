import type { FloppyType } from './floppy-formats.ts'

export type DriveSlot =
  | { readonly bus: 'ide'; readonly channel: 0 | 1; readonly unit: 0 | 1 }
  | { readonly bus: 'floppy'; readonly unit: 0 | 1 }

/** What a guest can do to the tray of a CD drive. */
export type GuestTrayMove = 'open' | 'close' | 'lock' | 'unlock'

export interface DriveConfig {
  readonly slot: DriveSlot
  readonly kind: 'disk' | 'cdrom' | 'floppy'
  readonly model?: string
  readonly serial?: string
  /** What a floppy drive is, if not what its first medium wants. */
  readonly floppyType?: FloppyType
  /** Where the firmware tries to boot from first: the lower ones before the higher ones, and those without one last. */
  readonly bootIndex?: number
  readonly medium: Medium | undefined
}

/**
 * What the guest's controller reads and writes. Implemented above the board; offsets and lengths are whole 512-byte
 * sectors below `byteLength`. A rejection reaches the guest as an I/O error.
 */
export interface Medium {
  readonly byteLength: number
  readonly readOnly: boolean
  /** The bytes become the caller's: nobody else has their memory. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Reads what the guest has not asked for, as a controller that is made does: it counts as no request. Without this, `read()`. */
  peek?(offset: number, length: number): Promise<Uint8Array>
  write(offset: number, bytes: Uint8Array): Promise<void>
  /** Nobody needs these bytes any more; the medium may keep them. Without this, it does. */
  discard?(offset: number, length: number): Promise<void>
  /** Settles when everything written before is on the disk. */
  flush(): Promise<void>
}
