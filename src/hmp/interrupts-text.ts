import type { InterruptControllers, IoApicState, LocalApicState, PicState } from '../board/index.ts'

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, '0')
const bitOf = (value: number, number: number): boolean => ((value >>> number) & 1) === 1

/** Of an entry of the redirection table and of the local vector table alike. */
const bits = { pending: 12, activeLow: 13, remoteRequest: 14, level: 15, masked: 16 }

/** What `info pic` shows. */
export function controllersText({ pics, ioApic }: InterruptControllers): string {
  const [first, second] = pics
  return `${ioApicText(ioApic)}pic1: ${picText(second)}pic0: ${picText(first)}`
}

/** The emulated controllers know no rotating priorities and no special fully nested mode. */
function picText({ requested, masked, inService, base, readsInService, levelTriggered }: PicState): string {
  const lines = `irr=${hex(requested, 2)} imr=${hex(masked, 2)} isr=${hex(inService, 2)}`
  return `${lines} hprio=0 irq_base=${hex(base, 2)} rr_sel=${readsInService ? 1 : 0} elcr=${hex(levelTriggered, 2)} fnm=0\n`
}

const firstRedirection = 0x10
const pinModes = ['fixed', 'lowest', 'SMI', '...', 'NMI', 'INIT', '...', 'extINT']

function ioApicText({ id, selected, redirections, requested }: IoApicState): string {
  const chosen = selected === 0 ? '' : ` (redir[${((selected - firstRedirection) >>> 0) >>> 1}])`
  let remote = 0
  const pins = redirections.map((entry, pin) => {
    const low = Number(entry & 0xffffffffn)
    const logical = bitOf(low, 11)
    if (bitOf(low, bits.level) && bitOf(low, bits.remoteRequest)) remote |= 1 << pin
    return [
      `  pin ${String(pin).padEnd(2)} 0x${hex(entry, 16)} dest=${hex((entry >> 56n) & (logical ? 0xffn : 0xfn), 1)} `,
      `vec=${String(low & 0xff).padEnd(3)} ${lineText(low)} ${pinModes[(low >>> 8) & 7]!.padEnd(6)} `,
      `${logical ? 'logical' : 'physical'}\n`,
    ].join('')
  })
  return [
    `ioapic0: ver=0x20 id=0x${hex(id, 2)} sel=0x${hex(selected, 2)}${chosen}\n`,
    ...pins,
    `  IRR      ${pinList(requested)}`,
    `  Remote IRR ${pinList(remote)}`,
  ].join('')
}

function pinList(pins: number): string {
  const numbers = Array.from({ length: 24 }, (_, pin) => pin).filter((pin) => bitOf(pins, pin))
  return numbers.length === 0 ? '(none)\n' : `${numbers.map((pin) => `${pin} `).join('')}\n`
}

/** How a line asks, and whether it is heard. */
function lineText(entry: number): string {
  const level = bitOf(entry, bits.level) ? 'level' : 'edge '
  return `${bitOf(entry, bits.activeLow) ? 'active-lo' : 'active-hi'} ${level} ${bitOf(entry, bits.masked) ? 'masked' : '      '}`
}

const deliveryModes = ['Fixed', '...', 'SMI', '...', 'NMI', 'INIT', '...', 'ExtINT']
const nmi = 4
const shorthands = ['no-shorthand', 'self', 'all-self', 'all']

/** What `info lapic` shows. */
export function localApicText(apic: LocalApicState): string {
  const { spurious, errorStatus } = apic
  return [
    'dumping local APIC state for CPU 0 \n\n',
    vectorText('LVT0', apic.lint0),
    vectorText('LVT1', apic.lint1),
    vectorText('LVTPC', apic.performance),
    vectorText('LVTERR', apic.error),
    vectorText('LVTTHMR', apic.thermal),
    vectorText('LVTT', apic.timer, timerMode(apic.timer)),
    timerText(apic),
    `SPIV\t 0x${hex(spurious, 8)} APIC ${bitOf(spurious, 8) ? 'enabled' : 'disabled'}, focus=${bitOf(spurious, 9) ? 'on' : 'off'}, spurious vec ${spurious & 0xff}\n`,
    commandText(apic),
    `ESR\t 0x${hex(errorStatus, 8)}\n`,
    `ISR\t ${vectorList(apic.inService, apic.triggeredByLevel)}`,
    `IRR\t ${vectorList(apic.requested, apic.triggeredByLevel)}`,
    prioritiesText(apic),
  ].join('')
}

function vectorText(name: string, entry: number, mode = ''): string {
  const delivery = (entry >>> 8) & 7
  const vector = delivery === nmi ? '' : ` (vec ${entry & 0xff})`
  const pending = bitOf(entry, bits.pending) ? 'pending' : ''
  return `${name}\t 0x${hex(entry, 8)} ${lineText(entry)} ${pending.padEnd(7)} ${mode.padEnd(12)} ${deliveryModes[delivery]!.padEnd(6)}${vector}\n`
}

function timerMode(entry: number): string {
  if (bitOf(entry, 17)) return 'periodic'
  return bitOf(entry, 18) ? 'tsc-deadline' : 'one-shot'
}

function timerText({ timerDivider, timerInitial, timerCurrent }: LocalApicState): string {
  const code = (timerDivider & 3) | ((timerDivider & 8) >> 1)
  const divider = code === 7 ? 1 : 2 << code
  return `Timer\t DCR=0x${hex(timerDivider, 1)} (divide by ${divider}) initial_count = ${timerInitial} current_count = ${timerCurrent}\n`
}

function commandText({ command, commandHigh, destinationFormat }: LocalApicState): string {
  const logical = bitOf(command, 11)
  const shorthand = (command >>> 18) & 3
  const words = [
    logical ? 'logical' : 'physical',
    bitOf(command, bits.level) ? 'level' : 'edge',
    bitOf(command, 14) ? 'assert' : 'de-assert',
    shorthands[shorthand],
  ]
  const destination = commandHigh >>> 24
  const flat = destinationFormat >>> 28 === 0xf
  const target =
    shorthand !== 0
      ? ''
      : !logical
        ? ` cpu ${destination & 0xf} (APIC ID)`
        : flat
          ? ` mask ${destination.toString(2).padStart(8, '0')} (APIC ID)`
          : ` cluster ${destination >>> 4} mask ${(destination & 0xf).toString(2).padStart(4, '0')} (APIC ID)`
  return `ICR\t 0x${hex(command, 8)} ${words.join(' ')}\nICR2\t 0x${hex(commandHigh, 8)}${target}\n`
}

function vectorList(words: readonly number[], byLevel: readonly number[]): string {
  const isSet = (list: readonly number[], vector: number): boolean => bitOf(list[vector >> 5]!, vector & 31)
  const vectors = Array.from({ length: 256 }, (_, vector) => vector).filter((vector) => isSet(words, vector))
  if (vectors.length === 0) return '(none)\n'
  return `${vectors.map((vector) => `${vector}${isSet(byLevel, vector) ? '(level)' : ''} `).join('')}\n`
}

function prioritiesText({ taskPriority, destinationFormat, logicalDestination, inService }: LocalApicState): string {
  const model = destinationFormat >>> 28
  const destination = logicalDestination >>> 24
  const served = highest(inService) & 0xf0
  const priority = taskPriority >> 4 >= served >> 4 ? taskPriority : served
  const cluster = model === 0 ? `(cluster ${destination >>> 4}: id ${destination & 0xf})` : ''
  return `\nAPR 0x00 TPR 0x${hex(taskPriority, 2)} DFR 0x${hex(model, 2)} LDR 0x${hex(destination, 2)}${cluster} PPR 0x${hex(priority, 2)}\n`
}

/** The highest vector of a list; 0 if it is empty. */
function highest(words: readonly number[]): number {
  const index = words.findLastIndex((word) => word !== 0)
  return index < 0 ? 0 : index * 32 + 31 - Math.clz32(words[index]!)
}

/** What `info irq` shows: both kinds of controllers are on the same lines. */
export function risesText({ rises }: InterruptControllers): string {
  const lines = rises
    .flatMap((count, line) => (count === 0 ? [] : [`${String(line).padStart(2)}: ${count}\n`]))
    .join('')
  return ['ioapic', 'isa-i8259'].map((name) => `IRQ statistics for ${name}:\n${lines}`).join('')
}
