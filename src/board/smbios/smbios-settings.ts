/** What is said of the machine's tables for `dmidecode`, by the types of its structures (-smbios). */
export interface SmbiosSettings {
  /** Whole structures, as they were given, byte by byte. */
  readonly structures: readonly (readonly number[])[]
  /** Members of structures of which there is one: types 0 to 4 and 17. Presence alone asks for the structure. */
  readonly members: ReadonlyMap<number, Readonly<Record<string, string>>>
  /** Connectors of ports (type 8). */
  readonly connectors: readonly Readonly<Record<string, string>>[]
  /** Strings of the maker (type 11); undefined if that type was never named. */
  readonly strings: readonly string[]
  /** Devices on the board (type 41). */
  readonly onboard: readonly Readonly<Record<string, string>>[]
}

export const noSmbiosSettings: SmbiosSettings = {
  structures: [],
  members: new Map(),
  connectors: [],
  strings: [],
  onboard: [],
}

/** Kinds of devices on the board, by their numbers from 1. */
export const onboardKinds = [
  'other',
  'unknown',
  'video',
  'scsi',
  'ethernet',
  'tokenring',
  'sound',
  'pata',
  'sata',
  'sas',
] as const
