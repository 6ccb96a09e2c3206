/** Where the tree of objects is not QEMU's, for the same command line, and why. Everything else is equal. */
export interface TreeDifference {
  /** Of the object. */
  readonly path: RegExp
  /** Of the property; all of them, if absent. */
  readonly property?: RegExp
  /** The type of the property, or of the object that it leads to. */
  readonly type?: RegExp
  readonly what: 'absent' | 'value'
  readonly reason: string
  /** It is seen in some runs, and in others not. */
  readonly chance?: true
}

export const treeDifferences: readonly TreeDifference[] = [
  {
    path: /./,
    type: /^(child|link)<memory-region>$/,
    what: 'absent',
    reason: 'memory and I/O ports are laid out by the board, in tables and not in objects',
  },
  {
    path: /./,
    type: /^(child|link)<irq>$/,
    what: 'absent',
    reason: 'interrupt lines are numbers on the board, and no objects',
  },
  {
    path: /./,
    type: /^(child|link)<(kvmvapic|hpet|smbus-eeprom|i2c-bus)>$/,
    what: 'absent',
    reason: 'the PC has no such device; its number is left free',
  },
  {
    path: /^\/backend/,
    type: /^child<qemu-console>$/,
    what: 'absent',
    reason: 'text consoles that no display shows have no object',
  },
  {
    path: /^\/machine\/unattached\/device\[0\]$/,
    what: 'absent',
    reason: 'features are those of the emulated processor, which nothing switches on or off',
  },
  {
    path: /^\/machine\/unattached\/device\[\d+\]$/,
    property: /^(pm_io_base|cpu-hotplug-legacy)$/,
    what: 'absent',
    reason: 'the firmware sets it, and it is not watched; CPUs are not plugged in',
  },
  { path: /^\/machine$/, property: /^smram$/, what: 'value', reason: 'there is no system management mode' },
  { path: /^\/machine$/, property: /^hpet$/, what: 'value', reason: 'the PC has no HPET' },
  {
    path: /^\/machine(\/unattached\/device\[\d+\])?$/,
    property: /^(rtc-time|date)$/,
    what: 'value',
    reason: 'the clock goes on between the two questions',
    chance: true,
  },
]

/** Why something differs; undefined if nothing says so. */
export function reasonOf(
  what: TreeDifference['what'],
  { path, property, type }: { readonly path: string; readonly property: string; readonly type: string },
): string | undefined {
  return treeDifferences.find(
    (row) =>
      row.what === what &&
      row.path.test(path) &&
      (row.property === undefined || row.property.test(property)) &&
      (row.type === undefined || row.type.test(type)),
  )?.reason
}
