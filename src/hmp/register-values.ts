import { ownEntry } from '../lookup/index.ts'
import type { RegisterValue } from './expression.ts'

interface Segment {
  readonly selector: number
  readonly base: number
  readonly limit: number
}

/** What expressions read of a CPU. */
export interface ReadableRegisters extends Readonly<Record<GeneralRegister, number>> {
  readonly eflags: number
  readonly eip: number
  readonly segments: Readonly<Record<SegmentName, Segment>>
}

const generalRegisters = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const
type GeneralRegister = (typeof generalRegisters)[number]
const segmentNames = ['cs', 'ds', 'es', 'ss', 'fs', 'gs'] as const
type SegmentName = (typeof segmentNames)[number]

const otherNames: Readonly<Record<string, string>> = { sp: 'esp', fp: 'ebp' }

/** The registers that `$name` means, as integers of 32 bits with a sign; without a CPU there are none. */
export function registerValues(registers: ReadableRegisters | undefined): RegisterValue {
  return (name) => {
    if (registers === undefined) return undefined
    const value = valueCalled(registers, ownEntry(otherNames, name) ?? name)
    return value === undefined ? undefined : BigInt(value | 0)
  }
}

function valueCalled(registers: ReadableRegisters, name: string): number | undefined {
  if (name === 'pc') return registers.eip + registers.segments.cs.base
  if (name === 'eip' || name === 'eflags') return registers[name]
  if (isOneOf(generalRegisters, name)) return registers[name]
  const [segment = '', member] = name.split('.', 2)
  if (!isOneOf(segmentNames, segment)) return undefined
  const { selector, base, limit } = registers.segments[segment]
  if (member === undefined) return selector
  return member === 'base' ? base : member === 'limit' ? limit : undefined
}

function isOneOf<const Names extends readonly string[]>(names: Names, name: string): name is Names[number] {
  return names.includes(name)
}
