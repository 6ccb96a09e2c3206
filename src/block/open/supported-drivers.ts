import { filters } from '../filters/table.ts'
import { formats } from '../formats/table.ts'
import { protocols } from '../protocols/table.ts'

/** What is read and not written. */
const readOnly: readonly string[] = ['http', 'https', 'vdi', 'vmdk', 'vpc']

/** The drivers of this version, as `-drive format=help` lists them. */
export function supportedDrivers(): string {
  const all = [...filters.keys(), ...formats.keys(), ...protocols.keys()].sort()
  const writable = all.filter((name) => !readOnly.includes(name))
  return `Supported formats: ${writable.join(' ')}\nSupported formats (read-only): ${all.join(' ')}\n`
}
