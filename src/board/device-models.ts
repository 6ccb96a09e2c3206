/** An integer property: how wide it is, and what it is if nobody says. */
export interface DeviceProperty {
  readonly bits: 8 | 16
  readonly byDefault: number
}

/** A device that can be built into the PC with `-device`. */
export interface DeviceModel {
  readonly bus: 'ISA'
  readonly category: 'Misc' | 'Watchdog'
  readonly description?: string
  readonly properties: Readonly<Record<string, DeviceProperty>>
}

/** The devices that can be built in, in the order in which QEMU lists them. */
export const deviceModels = {
  /** Tells the host that the guest's operating system has panicked. */
  pvpanic: {
    bus: 'ISA',
    category: 'Misc',
    properties: { events: { bits: 8, byDefault: 3 }, ioport: { bits: 16, byDefault: 0x505 } },
  },
  /** A watchdog: a guest that does not feed it in time is bitten. */
  ib700: { bus: 'ISA', category: 'Watchdog', description: 'iBASE 700', properties: {} },
} as const satisfies Readonly<Record<string, DeviceModel>>

type Models = typeof deviceModels

/** A device that is to be built in. */
export type BoardDevice = {
  readonly [Driver in keyof Models]: {
    readonly driver: Driver
    readonly id: string | undefined
    readonly properties: { readonly [Name in keyof Models[Driver]['properties']]: number }
  }
}[keyof Models]
