import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InterruptControllers, LocalApicState } from '../board/index.ts'
import { controllersText, localApicText, risesText } from './interrupts-text.ts'

const none = new Array<number>(8).fill(0)

/** As Linux has set it up on QEMU. */
const linux: LocalApicState = {
  id: 0,
  timer: 0x200ec,
  thermal: 0x10000,
  performance: 0x10000,
  lint0: 0x10700,
  lint1: 0x400,
  error: 0xfe,
  taskPriority: 0x10,
  command: 0xc4610,
  commandHigh: 0,
  requested: none,
  inService: none,
  triggeredByLevel: none,
  spurious: 0x1ff,
  destinationFormat: 0xffffffff,
  logicalDestination: 0x01000000,
  errorStatus: 0,
  timerDivider: 3,
  timerInitial: 249655,
  timerCurrent: 84184,
}

test('a local APIC is shown as by QEMU under Linux', () => {
  assert.equal(
    localApicText(linux),
    `dumping local APIC state for CPU 0 

LVT0\t 0x00010700 active-hi edge  masked                      ExtINT (vec 0)
LVT1\t 0x00000400 active-hi edge                              NMI   
LVTPC\t 0x00010000 active-hi edge  masked                      Fixed  (vec 0)
LVTERR\t 0x000000fe active-hi edge                              Fixed  (vec 254)
LVTTHMR\t 0x00010000 active-hi edge  masked                      Fixed  (vec 0)
LVTT\t 0x000200ec active-hi edge                 periodic     Fixed  (vec 236)
Timer\t DCR=0x3 (divide by 16) initial_count = 249655 current_count = 84184
SPIV\t 0x000001ff APIC enabled, focus=off, spurious vec 255
ICR\t 0x000c4610 physical edge assert all
ICR2\t 0x00000000
ESR\t 0x00000000
ISR\t (none)
IRR\t (none)

APR 0x00 TPR 0x10 DFR 0x0f LDR 0x01 PPR 0x10
`,
  )
})

test('vectors that are served raise the priority, and tell when they are triggered by level', () => {
  const inService = none.with(7, 1 << 12)
  const text = localApicText({ ...linux, inService, requested: none.with(1, 3), triggeredByLevel: none.with(1, 2) })
  assert.match(text, /^ISR\t 236 $/m)
  assert.match(text, /^IRR\t 32 33\(level\) $/m)
  assert.match(text, / PPR 0xe0$/m)
})

test('a command to one CPU names it, by its number or in a mask', () => {
  const line = (command: number, commandHigh: number): string =>
    /^ICR2.*$/m.exec(localApicText({ ...linux, command, commandHigh }))![0]
  assert.equal(line(0, 0), 'ICR2\t 0x00000000 cpu 0 (APIC ID)')
  assert.equal(line(0x800, 0x05000000), 'ICR2\t 0x05000000 mask 00000101 (APIC ID)')
})

test('the other controllers are shown as by QEMU under Linux', () => {
  const redirections = new Array<bigint>(24).fill(0x10000n)
  redirections[2] = 0x0100000000000830n
  redirections[9] = 0x0100000000008821n
  const state: InterruptControllers = {
    pics: [
      { requested: 1, masked: 0xff, inService: 0, base: 0x30, readsInService: false, levelTriggered: 0 },
      { requested: 0, masked: 0xff, inService: 0, base: 0x38, readsInService: false, levelTriggered: 0xc },
    ],
    ioApic: { id: 0, selected: 0x22, redirections, requested: 0 },
    localApic: linux,
    rises: [137, 0, 0, 0, 1],
  }
  const lines = controllersText(state).split('\n')
  assert.deepEqual(
    [lines[0], lines[3], lines[10], ...lines.slice(24)],
    [
      'ioapic0: ver=0x20 id=0x00 sel=0x22 (redir[9])',
      '  pin 2  0x0100000000000830 dest=1 vec=48  active-hi edge         fixed  logical',
      '  pin 9  0x0100000000008821 dest=1 vec=33  active-hi level        fixed  logical',
      '  pin 23 0x0000000000010000 dest=0 vec=0   active-hi edge  masked fixed  physical',
      '  IRR      (none)',
      '  Remote IRR (none)',
      'pic1: irr=00 imr=ff isr=00 hprio=0 irq_base=38 rr_sel=0 elcr=0c fnm=0',
      'pic0: irr=01 imr=ff isr=00 hprio=0 irq_base=30 rr_sel=0 elcr=00 fnm=0',
      '',
    ],
  )
  assert.equal(
    risesText(state),
    'IRQ statistics for ioapic:\n 0: 137\n 4: 1\nIRQ statistics for isa-i8259:\n 0: 137\n 4: 1\n',
  )
})
