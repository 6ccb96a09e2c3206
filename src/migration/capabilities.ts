import { MigrationError } from './migration-error.ts'

/** What can be switched on for migrations (QAPI MigrationCapability, QEMU 7.2), in the order of its declaration. */
export const capabilityNames = [
  'xbzrle',
  'rdma-pin-all',
  'auto-converge',
  'zero-blocks',
  'compress',
  'events',
  'postcopy-ram',
  'x-colo',
  'release-ram',
  'block',
  'return-path',
  'pause-before-switchover',
  'multifd',
  'dirty-bitmaps',
  'postcopy-blocktime',
  'late-block-activate',
  'x-ignore-shared',
  'validate-uuid',
  'background-snapshot',
  'zero-copy-send',
  'postcopy-preempt',
] as const

export type CapabilityName = (typeof capabilityNames)[number]

/** Those that cannot be switched on here, and what is said to whoever tries. */
const refused: Readonly<Partial<Record<CapabilityName, string>>> = {
  compress: 'Compression is not supported',
  'postcopy-ram': 'Postcopy is not supported',
  'x-colo': "QEMU compiled without replication module can't enable COLO",
  multifd: 'multifd is not supported by current protocol',
  'background-snapshot': 'Background-snapshot is not supported by host kernel',
  'zero-copy-send': 'Zero copy only available for non-compressed non-TLS multifd migration',
  'postcopy-preempt': 'Postcopy preempt requires postcopy-ram',
}

/** Which capabilities are on. */
export class Capabilities {
  readonly #on = new Set<CapabilityName>()

  has(name: CapabilityName): boolean {
    return this.#on.has(name)
  }

  get list(): readonly { readonly capability: CapabilityName; readonly state: boolean }[] {
    return capabilityNames.map((capability) => ({ capability, state: this.#on.has(capability) }))
  }

  /** Switches some on or off: all of them or none. @throws {MigrationError} `request`, if one is not available */
  set(changes: readonly { readonly capability: CapabilityName; readonly state: boolean }[]): void {
    for (const { capability, state } of changes) {
      const reason = refused[capability]
      if (state && reason !== undefined) throw new MigrationError('request', reason)
    }
    for (const { capability, state } of changes) this.#on[state ? 'add' : 'delete'](capability)
  }
}
