import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Globals } from './globals.ts'

const shape = { machine: 'pc', acpi: true, asked: () => false, vga: 'std', serial: true } as const

for (const [said, warnings] of [
  ['isa-fdc.fallback=144', ['global isa-fdc.fallback=144 has no effect']],
  ['isa-fdc.fallback=288', []],
  ['isa-fdc.fdtypeA=144', []],
  ['isa-fdc.fdtypeB=none', []],
] as const) {
  test(`-global ${said}: ${warnings.length === 0 ? 'is taken as QEMU takes it' : 'it is told that it changes nothing'}`, () => {
    const heard: string[] = []
    const globals = new Globals()
    globals.add(said, (text) => heard.push(text))
    globals.checkBuiltIn(shape, (text) => heard.push(text))
    assert.deepEqual(heard, warnings)
  })
}
