/** The kinds of drives, as CMOS names them: 5.25" with 1.2 MB, 3.5" with 1.44 MB and with 2.88 MB. */
export const driveTypes = { '120': 2, '144': 4, '288': 5 } as const
export type DriveType = keyof typeof driveTypes
/** What a floppy drive can be; one of no type takes no medium, and the guest's setup does not have it. */
export type FloppyType = DriveType | 'none'

/** A medium's format. The rate is the one that the controller has to be set to. */
export interface FloppyFormat {
  readonly drive: DriveType
  readonly sectors: number
  readonly tracks: number
  readonly heads: number
  readonly rate: number
}

/** Kilobits a second, as the controller's registers have them. */
const rates = { 500: 0, 300: 1, 250: 2, 1000: 3 } as const

const formats: readonly FloppyFormat[] = (
  [
    ['144', [18, 20, 21], 80, 2, 500],
    ['144', [21], 82, 2, 500],
    ['144', [21], 83, 2, 500],
    ['144', [22, 23, 24], 80, 2, 500],
    ['288', [36, 39, 40, 44, 48], 80, 2, 1000],
    ['144', [9, 10], 80, 2, 250],
    ['144', [10], 82, 2, 250],
    ['144', [10], 83, 2, 250],
    ['144', [13, 14], 80, 2, 250],
    ['120', [15, 18], 80, 2, 500],
    ['120', [18], 82, 2, 500],
    ['120', [18], 83, 2, 500],
    ['120', [20], 80, 2, 500],
    ['120', [9, 11], 80, 2, 250],
    ['120', [9], 40, 2, 300],
    ['120', [9], 40, 1, 300],
    ['120', [10], 41, 2, 300],
    ['120', [10], 42, 2, 300],
    ['120', [8], 40, 2, 250],
    ['120', [8], 40, 1, 250],
    ['144', [9], 80, 1, 250],
  ] as const
).flatMap(([drive, all, tracks, heads, rate]) =>
  all.map((sectors) => ({ drive, sectors, tracks, heads, rate: rates[rate] })),
)

const inches: Readonly<Record<DriveType, number>> = { '120': 5.25, '144': 3.5, '288': 3.5 }

/** What a drive is that nothing is known of: one that takes the most. */
const fallbackDrive: DriveType = '288'

/** What a drive is that was made with a medium of this size in it, or without one; it stays what it is. */
export function driveTypeFor(size: number | undefined): DriveType {
  return size === undefined ? fallbackDrive : floppyFormat(size, undefined).drive
}

/**
 * The format of a medium by QEMU's rules: one of that size for this drive, or for one that takes disks as large, or
 * whatever comes first for this drive. A medium of another size than its format ends early, or late.
 *
 * @param size in sectors of 512 bytes
 * @param drive undefined if it is to be what the medium wants
 */
export function floppyFormat(size: number, drive: DriveType | undefined): FloppyFormat {
  const fitting = formats.filter(({ sectors, tracks, heads }) => sectors * tracks * heads === size)
  const best =
    drive === undefined
      ? fitting[0]
      : (fitting.find((format) => format.drive === drive) ??
        fitting.find((format) => inches[format.drive] === inches[drive]))
  return best ?? formats.find((format) => format.drive === (drive ?? fallbackDrive))!
}
