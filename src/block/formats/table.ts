import type { FormatDefinition } from '../open/driver.ts'
import { luks } from './luks/open.ts'
import { qcow2 } from './qcow2/open.ts'
import { raw } from './raw/open.ts'
import { vdi } from './vdi/open.ts'
import { vmdk } from './vmdk/open.ts'
import { vpc } from './vpc/open.ts'

/** The image formats of this version, by name. */
export const formats: ReadonlyMap<string, FormatDefinition> = new Map(
  [raw, qcow2, luks, vdi, vmdk, vpc].map((format) => [format.name, format]),
)
