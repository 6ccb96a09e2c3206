import type { FirmwareFile } from '../firmware/firmware-items.ts'
import { onboardKinds, type SmbiosSettings } from './smbios-settings.ts'

/** What QEMU calls itself and this machine. */
const maker = 'QEMU'
const product = 'Standard PC (i440FX + PIIX, 1996)'
const version = 'pc-i440fx-7.2'
/** What CPUID tells of v86's processor: its signature, and its features in EDX. */
export const cpuSignature = 0x673
export const cpuFeatures = 0x0780ab79
const usualSpeed = 2000

/** A member of a structure: a number of so many bytes, or a string, which stands behind the structure. */
type Member = readonly [bytes: 1 | 2 | 4 | 8, value: number] | { readonly text: string | undefined } | Uint8Array
const byte = (value: number): Member => [1, value]
const word = (value: number): Member => [2, value]
const double = (value: number): Member => [4, value]
const quad = (value: number): Member => [8, value]
const text = (value: string | undefined): Member => ({ text: value })

const handles = { 0: 0, 1: 0x100, 2: 0x200, 3: 0x300, 4: 0x400, 8: 0, 11: 0xe00, 16: 0x1000, 17: 0x1100 } as const
const noHandle = 0xffff
const notProvided = 0xfffe
const unknown16 = 0xffff

export interface SmbiosMachine {
  readonly ramBytes: number
  /** 16 bytes, in the order in which they are written. */
  readonly uuid: Uint8Array | undefined
  readonly settings: SmbiosSettings
}

/**
 * The SMBIOS structures of QEMU's PC, as files for the firmware, which adds what describes itself: those that were given,
 * then those of each type in QEMU's order (System Management BIOS Reference Specification 2.8).
 */
export function smbiosFiles(machine: SmbiosMachine): readonly FirmwareFile[] {
  const given = machine.settings.structures.map((bytes) => Uint8Array.from(bytes))
  const replaced = new Set(given.map((structure) => structure[0]))
  const built = structuresOf(machine).filter((structure) => !replaced.has(structure[0]))
  const structures = [...given, ...built]
  const tables = Buffer.concat(structures)
  const anchor = entryPoint(tables.length, Math.max(...structures.map(({ length }) => length)), structures.length)
  return [
    { name: 'etc/smbios/smbios-tables', data: tables },
    { name: 'etc/smbios/smbios-anchor', data: anchor },
  ]
}

function structuresOf({ ramBytes, uuid, settings }: SmbiosMachine): Uint8Array[] {
  const said = (type: number): Readonly<Record<string, string>> => settings.members.get(type) ?? {}
  const named = (type: number): boolean => settings.members.has(type)
  const [bios, system, board, chassis, cpu, memory] = [0, 1, 2, 3, 4, 17].map(said) as [
    Record<string, string>,
    Record<string, string>,
    Record<string, string>,
    Record<string, string>,
    Record<string, string>,
    Record<string, string>,
  ]
  return [
    ...(named(0) ? [biosInformation(bios)] : []),
    structure(1, handles[1], [
      text(system['manufacturer'] ?? maker),
      text(system['product'] ?? product),
      text(system['version'] ?? version),
      text(system['serial']),
      uuid === undefined ? new Uint8Array(16) : wireUuid(uuid),
      byte(6), // what woke it: the power switch
      text(system['sku']),
      text(system['family']),
    ]),
    ...(named(2) ? [boardInformation(board)] : []),
    structure(3, handles[3], [
      text(chassis['manufacturer'] ?? maker),
      byte(1), // of another kind
      text(chassis['version'] ?? version),
      text(chassis['serial']),
      text(chassis['asset']),
      byte(3), // states of boot, power supply and heat: safe
      byte(3),
      byte(3),
      byte(2), // security: unknown
      double(0),
      byte(0),
      byte(0),
      byte(0),
      byte(0),
      text(chassis['sku']),
    ]),
    processor(cpu),
    ...settings.connectors.map((connector, index) =>
      structure(8, handles[8] + index, [
        text(connector['internal_reference']),
        byte(0),
        text(connector['external_reference']),
        byte(numberOf(connector['connector_type'], 0)),
        byte(numberOf(connector['port_type'], 0)),
      ]),
    ),
    ...(settings.strings.length > 0
      ? [structure(11, handles[11], [byte(settings.strings.length)], settings.strings)]
      : []),
    ...memoryStructures(ramBytes, memory),
    structure(32, 0x2000, [new Uint8Array(6), byte(0)]), // no errors
    ...settings.onboard.map((device, index) =>
      structure(41, 0x2900 + index, [
        text(device['designation']),
        byte(0x80 | (1 + onboardKinds.indexOf((device['kind'] ?? 'other') as (typeof onboardKinds)[number]))),
        byte(numberOf(device['instance'], 1)),
        word(0),
        byte(0),
        byte(0),
      ]),
    ),
    structure(127, 0x7f00, []),
  ]
}

function biosInformation(said: Readonly<Record<string, string>>): Uint8Array {
  const [major, minor] = (said['release'] ?? '0.0').split('.').map(Number) as [number, number]
  return structure(0, handles[0], [
    text(said['vendor']),
    text(said['version']),
    word(0xe800),
    text(said['date']),
    byte(0),
    quad(8), // characteristics are not supported
    byte(0),
    byte(0x14 | (/^(on|yes|true|y)$/.test(said['uefi'] ?? '') ? 0x08 : 0)), // a virtual machine
    byte(major),
    byte(minor),
    byte(0xff),
    byte(0xff),
  ])
}

function boardInformation(said: Readonly<Record<string, string>>): Uint8Array {
  return structure(2, handles[2], [
    text(said['manufacturer'] ?? maker),
    text(said['product'] ?? product),
    text(said['version'] ?? version),
    text(said['serial']),
    text(said['asset']),
    byte(1),
    text(said['location']),
    word(handles[3]),
    byte(0x0a), // a motherboard
    byte(0),
  ])
}

function processor(said: Readonly<Record<string, string>>): Uint8Array {
  const id = BigInt(said['processor-id'] ?? 0)
  return structure(4, handles[4], [
    text(`${said['sock_pfx'] ?? 'CPU'}${'0'.padStart(2)}`),
    byte(3),
    byte(1),
    text(said['manufacturer'] ?? maker),
    double(id === 0n ? cpuSignature : Number(id & 0xffffffffn)),
    double(id === 0n ? cpuFeatures : Number(id >> 32n)),
    text(said['version'] ?? version),
    byte(0),
    word(0),
    word(numberOf(said['max-speed'], usualSpeed)),
    word(numberOf(said['current-speed'], usualSpeed)),
    byte(0x41), // there, and enabled
    byte(1),
    word(noHandle),
    word(noHandle),
    word(noHandle),
    text(said['serial']),
    text(said['asset']),
    text(said['part']),
    byte(1),
    byte(1),
    byte(1),
    word(2),
    word(1),
  ])
}

/** An array of memory with one device in it, and where it is. */
function memoryStructures(ramBytes: number, said: Readonly<Record<string, string>>): Uint8Array[] {
  const speed = numberOf(said['speed'], 0)
  return [
    structure(16, handles[16], [
      byte(1),
      byte(3), // system memory
      byte(6),
      double(ramBytes / 1024),
      word(notProvided),
      word(1),
      quad(0),
    ]),
    structure(17, handles[17], [
      word(handles[16]),
      word(notProvided),
      word(unknown16),
      word(unknown16),
      word(ramBytes / 2 ** 20),
      byte(9), // a DIMM
      byte(0),
      text(`${said['loc_pfx'] ?? 'DIMM'} 0`),
      text(said['bank']),
      byte(7),
      word(2),
      word(speed),
      text(said['manufacturer'] ?? maker),
      text(said['serial']),
      text(said['asset']),
      text(said['part']),
      byte(0),
      double(0),
      word(speed),
      word(0),
      word(0),
      word(0),
    ]),
    structure(19, 0x1300, [double(0), double(ramBytes / 1024 - 1), word(handles[16]), byte(1), quad(0), quad(0)]),
  ]
}

/** A structure: type, length, handle and members; then its strings, each with a zero, and one more. */
function structure(
  type: number,
  handle: number,
  members: readonly Member[],
  further: readonly string[] = [],
): Uint8Array {
  const strings: string[] = []
  const bytes = members.map((member) => {
    if (member instanceof Uint8Array) return member
    if ('text' in member) {
      if (member.text === undefined || member.text === '') return Uint8Array.of(0)
      strings.push(member.text)
      return Uint8Array.of(strings.length)
    }
    const number = Buffer.alloc(8)
    number.writeBigUInt64LE(BigInt(member[1]))
    return number.subarray(0, member[0])
  })
  strings.push(...further.filter((string) => string !== ''))
  const length = bytes.reduce((sum, part) => sum + part.length, 4)
  const behind = strings.length === 0 ? '\0\0' : `${strings.join('\0')}\0\0`
  return Buffer.concat([Buffer.from([type, length, handle & 0xff, handle >> 8]), ...bytes, Buffer.from(behind)])
}

/** The first three parts of a UUID have their lowest bytes first. */
function wireUuid(uuid: Uint8Array): Uint8Array {
  return Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15], (index) => uuid[index]!)
}

/** Where the firmware is to put the tables' address and the sums. */
function entryPoint(length: number, largest: number, count: number): Uint8Array {
  const point = Buffer.alloc(31)
  point.write('_SM_')
  point.set([31, 2, 8], 5)
  point.writeUInt16LE(largest, 8)
  point.write('_DMI_', 16)
  point.writeUInt16LE(length, 22)
  point.writeUInt16LE(count, 28)
  point[30] = 0x28
  return point
}

/** A number as it was written: decimal, or hexadecimal behind 0x, or octal behind 0; of its lowest 16 bits. */
function numberOf(written: string | undefined, otherwise: number): number {
  if (written === undefined) return otherwise
  const value = /^0[0-7]+$/.test(written) ? Number.parseInt(written, 8) : Number(written)
  return value & 0xffff
}
