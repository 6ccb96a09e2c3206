import type { ScsiAnswer, ScsiCommand } from '../scsi/scsi-unit.ts'

/** Where a unit is. */
export interface UnitPlace {
  readonly target: number
  readonly lun: number
}

/** From the side that the guest sees: commands, in their order; that the guest has begun anew. */
export type FromScsi =
  | { readonly type: 'commands'; readonly commands: readonly NumberedCommand[] }
  | { readonly type: 'reset' }

export type NumberedCommand = ScsiCommand & UnitPlace & { readonly id: number }

/** To it: how commands have ended; what has become of a unit. */
export type ToScsi =
  | { readonly type: 'done'; readonly answers: readonly NumberedAnswer[] }
  | { readonly type: 'event'; readonly event: ScsiEvent }

/** `missing`: there is no such target. */
export type NumberedAnswer = { readonly id: number } & (ScsiAnswer | { readonly missing: true })

export interface ScsiEvent extends UnitPlace {
  readonly kind: 'added' | 'removed' | 'changed'
  /** Why it has changed: additional sense code, and its qualifier. */
  readonly code?: number
  readonly qualifier?: number
}
