/** Keys of the firmware configuration device, as QEMU numbers them. */
export const firmwareKeys = {
  signature: 0x00,
  features: 0x01,
  uuid: 0x02,
  ramBytes: 0x03,
  noGraphic: 0x04,
  cpus: 0x05,
  machine: 0x06,
  kernelAddress: 0x07,
  kernelBytes: 0x08,
  initrdAddress: 0x0a,
  initrdBytes: 0x0b,
  bootDevice: 0x0c,
  numa: 0x0d,
  bootMenu: 0x0e,
  maxCpus: 0x0f,
  kernelEntry: 0x10,
  kernel: 0x11,
  initrd: 0x12,
  commandLineAddress: 0x13,
  commandLineBytes: 0x14,
  commandLine: 0x15,
  setupAddress: 0x16,
  setupBytes: 0x17,
  setup: 0x18,
  directory: 0x19,
  firstFile: 0x20,
  acpiTables: 0x8000,
  irq0Override: 0x8002,
} as const

/** What the firmware configuration device holds under a key. */
export type FirmwareItem = readonly [key: number, value: Uint8Array]

/** A file of the firmware configuration device. */
export interface FirmwareFile {
  /** At most 55 bytes. */
  readonly name: string
  readonly data: Uint8Array
  /** The guest can write it: `data` changes then. */
  readonly writable?: true
}

/** Numbers as the device gives them: little-endian. */
export const word16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, (value >> 8) & 0xff)
export const word32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)
/** A string with the zero behind it. */
export const zeroTerminated = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`)
