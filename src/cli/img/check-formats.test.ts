import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, same, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img')
let leave = (): void => undefined
before(() => {
  leave = enterFolder()
  writeFileSync('plain', new Uint8Array(8 * 2 ** 20).fill(5, 2 ** 20, 4 * 2 ** 20))
})
after(() => leave())

function make(format: string, path: string, ...options: string[]): void {
  theirs('convert', '-f', 'raw', '-O', format, ...options, 'plain', path)
}

for (const [format, ...options] of [
  ['vdi'],
  ['vdi', '-o', 'static=on'],
  ['vmdk'],
  ['vmdk', '-o', 'subformat=streamOptimized'],
  ['vmdk', '-o', 'subformat=monolithicFlat'],
  ['vpc'],
] as const) {
  test(`a check says what qemu-img says of ${[format, ...options].join(' ')}`, { skip }, async () => {
    const path = `sound.${format}`
    make(format, path, ...options)
    await same('check', path)
    await same('check', '-f', format, '--output=json', path)
    await same('check', '-r', 'all', path)
  })
}

test('a check of a VDI finds blocks that are used twice, too large, or counted wrongly', { skip }, async () => {
  make('vdi', 'x.vdi')
  const sound = readFileSync('x.vdi')
  const map = sound.readUInt32LE(0x154)
  for (const [block, entry] of [
    [1, 2],
    [6, 77],
    [1, 0xffff_ffff],
  ] as const) {
    const damaged = Buffer.from(sound)
    damaged.writeUInt32LE(entry, map + block * 4)
    writeFileSync('y.vdi', damaged)
    await same('check', '-f', 'vdi', 'y.vdi')
    await same('check', '-f', 'vdi', '--output=json', 'y.vdi')
  }
})

test('a check of a VMDK that was cut off ends where the first piece is missing', { skip }, async () => {
  make('vmdk', 'x.vmdk')
  truncateSync('x.vmdk', 200_000)
  await same('check', 'x.vmdk')
  await same('check', '--output=json', 'x.vmdk')
})

test('a count of 64 bits is told to its last digit', { skip }, async () => {
  theirs('create', '-f', 'qcow2', '-o', 'refcount_bits=64', 'x.qcow2', '1M')
  const image = readFileSync('x.qcow2')
  image.fill(0xff, 0x20000 + 8 * 3, 0x20000 + 8 * 4)
  image.fill(0xff, 0x20000 + 8 * 9 + 1, 0x20000 + 8 * 10)
  writeFileSync('x.qcow2', image)
  await same('check', 'x.qcow2')
})
