import { filters } from '../filters/table.ts'
import { formats } from '../formats/table.ts'
import { protocols } from '../protocols/table.ts'

/** The drivers of this version, formats, protocols and filters, as QEMU lists its own: in the order of their names. */
export const driverNames: readonly string[] = [
  ...new Set([...formats.keys(), ...protocols.keys(), ...filters.keys()]),
].sort()
