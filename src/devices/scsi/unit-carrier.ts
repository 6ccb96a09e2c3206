import type { ScsiUnit } from './scsi-unit.ts'

/** What a controller has for the units on its bus. */
export interface UnitCarrier {
  add(place: { readonly target: number; readonly lun: number }, unit: ScsiUnit): PluggedUnit
}

/** A unit, at its controller. */
export interface PluggedUnit {
  /** Tells the guest that the unit has changed: by an additional sense code and its qualifier. */
  changed(code: number, qualifier: number): void
  /** Takes it from the controller. */
  remove(): void
}
