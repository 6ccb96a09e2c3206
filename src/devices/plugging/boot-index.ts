import { OptionError } from '../../keyval/index.ts'

type Properties = Readonly<Record<string, unknown>>

/** When the firmware is to try to boot from a device; undefined for never. */
export function bootIndexOf({ bootindex }: Properties): number | undefined {
  return typeof bootindex === 'number' && bootindex >= 0 ? bootindex : undefined
}

/** Looks whether another device has its place in the order. @throws {OptionError} in QEMU's words, if one has */
export function checkBootIndex(said: Properties, others: Iterable<Properties>): void {
  const index = bootIndexOf(said)
  if (index === undefined) return
  for (const other of others)
    if (bootIndexOf(other) === index) throw new OptionError(`The bootindex ${index} has already been used`)
}
