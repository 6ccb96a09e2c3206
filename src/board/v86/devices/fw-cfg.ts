import { AcpiTables, type LoadedFile } from '../../acpi/acpi-tables.ts'
import { fwCfgTable } from '../../acpi/fw-cfg-table.ts'
import { type FirmwareFile, type FirmwareItem, firmwareKeys as keys } from '../../firmware/firmware-items.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'
import type { StatefulDevice, V86Cpu } from '../v86-internals.ts'

/** Where a key is chosen, and where its bytes are read; where direct memory access is asked for, in two halves. */
const selectorPort = 0x510
const dataPort = 0x511
const dmaPort = 0x514
/** Bits of a request for direct memory access; the key stands above them. */
const failed = 1
const read = 2
const skip = 4
const select = 8
const write = 16
/** What the DMA ports read: that there is such a thing. */
const dmaSignature = Buffer.from('QEMU CFG')
/** Key bits that do not count: a direction of old, and that a key is of this architecture. */
const writeChannel = 0x4000
const architecture = 0x8000
/** How many files QEMU has room for. */
const fileSlots = 0x20
const invalid = 0xffff
const nameBytes = 56
const none = new Uint8Array(0)
/** Instructions for ACPI's tables. */
const loaderFile = 'etc/table-loader'

/**
 * QEMU's firmware configuration device: values under keys, among them a directory of files, which the firmware and the
 * guest read byte by byte or have copied to memory (docs/specs/fw_cfg of QEMU). Some files can be written, by direct
 * memory access.
 */
export class FwCfg implements StatefulDevice {
  readonly #memory: GuestMemory
  readonly #items: readonly FirmwareItem[]
  /** What the firmware adds to ACPI's tables. */
  readonly #acpi = new AcpiTables()
  readonly #files: FirmwareFile[]
  #values: ReadonlyMap<number, Uint8Array>
  #key = 0
  #offset = 0
  /** The address of a request, as far as it has been written. */
  #addressHigh = 0

  constructor(
    cpu: V86Cpu,
    {
      memory,
      items,
      files,
      acpi,
    }: {
      readonly memory: GuestMemory
      readonly items: readonly FirmwareItem[]
      readonly files: readonly FirmwareFile[]
      /** Whether the firmware is to make ACPI tables. */
      readonly acpi: boolean
    },
  ) {
    this.#memory = memory
    this.#items = items
    if (acpi) this.#acpi.add(fwCfgTable)
    // SeaBIOS makes its own ACPI tables where there are no instructions for building them; but for the sake of this file
    // it puts the power management's ports to 600h, where they are on QEMU, and not to B000h.
    this.#files = [...files, ...(acpi ? [{ name: loaderFile, data: none }] : [])]
    this.#values = this.#valuesNow()
    this.#answerPorts(cpu)
  }

  /** One file more; the keys of the others may change: before the guest first runs. */
  addFile(file: FirmwareFile): void {
    this.#files.push(file)
    this.#values = this.#valuesNow()
  }

  /** A table more for ACPI, before the guest first runs. @param read - see `AcpiTables` */
  addTable(read: () => Uint8Array): void {
    this.#acpi.add(read)
  }

  /** Lets the firmware copy a file to memory; before the guest first runs. */
  loadFile(file: LoadedFile): void {
    this.#acpi.load(file)
    this.replaceFile(loaderFile, this.#acpi.loader)
  }

  /** Takes a file for the one of that name, or (undefined) takes that out; the keys of the others may change: at a reset. */
  replaceFile(name: string, data: Uint8Array | undefined): void {
    const at = this.#files.findIndex((file) => file.name === name)
    if (at >= 0) this.#files.splice(at, 1)
    if (data !== undefined) this.#files.push({ name, data })
    this.#values = this.#valuesNow()
  }

  reset(): void {
    this.#select(0)
    this.#addressHigh = 0
  }

  get_state(): unknown[] {
    return [this.#key, this.#offset, this.#addressHigh]
  }

  set_state([key, offset, addressHigh]: readonly unknown[]): void {
    this.#key = key as number
    this.#offset = offset as number
    this.#addressHigh = addressHigh as number
  }

  #valuesNow(): ReadonlyMap<number, Uint8Array> {
    const sorted = [...this.#files].sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)))
    return new Map([
      ...this.#items,
      [keys.directory, directoryOf(sorted)],
      ...sorted.map(({ data }, index) => [keys.firstFile + index, data] as const),
    ])
  }

  #answerPorts(cpu: V86Cpu): void {
    const { io } = cpu
    const byte = (): number => this.#readByte()
    io.register_read(selectorPort, this, byte, nothing, nothing)
    io.register_write(selectorPort, this, ignore, (key) => this.#select(key), ignore)
    io.register_read(dataPort, this, byte, nothing, nothing)
    io.register_write(dataPort, this, ignore, ignore, ignore)
    for (let offset = 0; offset < dmaSignature.length; offset++) {
      const signature = (bytes: number) => () => {
        const read = Math.min(bytes, dmaSignature.length - offset)
        const value = dmaSignature.readUIntLE(offset, read)
        return bytes === 4 ? value | 0 : value
      }
      io.register_read(dmaPort + offset, this, signature(1), signature(2), signature(4))
      io.register_write(dmaPort + offset, this, ignore, ignore, (value) => this.#writeAddress(offset, swapped(value)))
    }
  }

  #select(key: number): void {
    const index = key & ~(writeChannel | architecture) & 0xffff
    this.#key = index < keys.firstFile + fileSlots ? key & ~writeChannel : invalid
    this.#offset = 0
  }

  get #value(): Uint8Array {
    return (this.#key === keys.acpiTables ? this.#acpi.item : this.#values.get(this.#key)) ?? none
  }

  #readByte(): number {
    return this.#value[this.#offset++] ?? 0
  }

  #writeAddress(offset: number, half: number): void {
    if (offset === 0) this.#addressHigh = half
    if (offset !== 4) return
    const high = this.#addressHigh
    this.#addressHigh = 0
    this.#transfer(high * 2 ** 32 + half)
  }

  #transfer(request: number): void {
    const bytes = this.#copyOf(request, 16)
    if (bytes === undefined) return
    const asked = new DataView(bytes.buffer)
    const control = asked.getUint32(0)
    if (control & select) this.#select(control >>> 16)
    const direction = control & (read | write | skip)
    const done = direction === 0 || this.#move(direction, Number(asked.getBigUint64(8)), asked.getUint32(4))
    const answer = new Uint8Array(4)
    new DataView(answer.buffer).setUint32(0, done ? 0 : failed)
    this.#place(request, answer)
  }

  /** Behind the end of a value there are zeros to read, and room for nothing. */
  #move(direction: number, address: number, length: number): boolean {
    const there = this.#value.subarray(this.#offset, this.#offset + length)
    this.#offset += there.length
    if (direction & read)
      return this.#place(address, there) && this.#clear(address + there.length, length - there.length)
    if ((direction & write) === 0 || length === 0) return true
    return there.length === length && this.#write(there, address)
  }

  /** Copies memory into a file that can be written. @param into - the part of its contents */
  #write(into: Uint8Array, address: number): boolean {
    const bytes = this.#files.some(({ data, writable }) => writable === true && data.buffer === into.buffer)
      ? this.#copyOf(address, into.length)
      : undefined
    if (bytes !== undefined) into.set(bytes)
    return bytes !== undefined
  }

  #clear(address: number, length: number): boolean {
    for (let at = 0; at < length; at += zeros.length) {
      if (!this.#place(address + at, zeros.subarray(0, length - at))) return false
    }
    return true
  }

  #place(address: number, bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    if (address + bytes.length > this.#memory.ramBytes) return false
    this.#memory.writePhysical(address, bytes)
    return true
  }

  #copyOf(address: number, length: number): Uint8Array | undefined {
    return address + length > this.#memory.ramBytes ? undefined : this.#memory.readPhysical(address, length)
  }
}

const zeros = new Uint8Array(65536)
const ignore = (): void => undefined
const nothing = (): number => 0

/** How many files there are, and for each: its size, its key, its name. */
function directoryOf(files: readonly FirmwareFile[]): Uint8Array {
  const directory = Buffer.alloc(4 + files.length * 64)
  directory.writeUInt32BE(files.length)
  for (const [index, { name, data }] of files.entries()) {
    const at = 4 + index * 64
    directory.writeUInt32BE(data.length, at)
    directory.writeUInt16BE(keys.firstFile + index, at + 4)
    directory.write(name, at + 8, nameBytes - 1)
  }
  return directory
}

/** The bytes of 32 bits in the other order. */
function swapped(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}
