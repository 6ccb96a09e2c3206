import { word16 } from '../firmware/firmware-items.ts'

/** A file that the firmware copies to memory, where the guest finds it. */
export interface LoadedFile {
  readonly file: string
  /** A power of two. */
  readonly align: number
  /** Where the firmware writes the address of a byte of it, 64 bits wide: a file that can be written. */
  readonly pointer: { readonly file: string; readonly offset: number }
}

/** Commands of `etc/table-loader` (QEMU, hw/acpi/bios-linker-loader.c), 128 bytes each. */
const commandBytes = 128
const nameBytes = 56
const allocate = 1
const writePointer = 4
/** Anywhere below 4 GiB. */
const highZone = 1

/**
 * What the firmware is to do for ACPI beside the tables that it makes itself: tables that it adds to them, and files that
 * it copies to memory.
 */
export class AcpiTables {
  readonly #tables: (() => Uint8Array)[] = []
  readonly #files: LoadedFile[] = []

  /** @param read - gives the table as it is when the firmware reads it: always as long */
  add(read: () => Uint8Array): void {
    this.#tables.push(read)
  }

  load(file: LoadedFile): void {
    this.#files.push(file)
  }

  /** The tables, as the firmware configuration device has them: how many, and for each its length and itself. */
  get item(): Uint8Array {
    const tables = this.#tables.map((read) => read())
    return Buffer.concat([word16(tables.length), ...tables.flatMap((table) => [word16(table.length), table])])
  }

  /** The contents of `etc/table-loader`. */
  get loader(): Uint8Array {
    return Buffer.concat(this.#files.flatMap(commandsFor))
  }
}

function commandsFor({ file, align, pointer }: LoadedFile): readonly Uint8Array[] {
  const allocation = Buffer.alloc(commandBytes)
  allocation.writeUInt32LE(allocate)
  allocation.write(file, 4, nameBytes - 1)
  allocation.writeUInt32LE(align, 4 + nameBytes)
  allocation[8 + nameBytes] = highZone
  const pointing = Buffer.alloc(commandBytes)
  pointing.writeUInt32LE(writePointer)
  pointing.write(pointer.file, 4, nameBytes - 1)
  pointing.write(file, 4 + nameBytes, nameBytes - 1)
  pointing.writeUInt32LE(0, 4 + 2 * nameBytes)
  pointing.writeUInt32LE(pointer.offset, 8 + 2 * nameBytes)
  pointing[12 + 2 * nameBytes] = 8
  return [allocation, pointing]
}
