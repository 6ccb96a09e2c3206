import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { probeFormat, probeLength } from './probe.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-probe-'))

for (const [format, ...options] of [
  ['qcow2'],
  ['qcow2', 'compat=0.10'],
  ['qcow'],
  ['vdi'],
  ['vhdx'],
  ['vpc'],
  ['qed'],
  ['parallels'],
  ['vmdk'],
  ['vmdk', 'subformat=streamOptimized'],
  ['vmdk', 'subformat=monolithicFlat'],
  ['raw'],
] as const) {
  const what = [format, ...options].join(', ')
  test(`an image that QEMU makes is recognised: ${what}`, { skip: missingProgram('qemu-img') }, () => {
    const path = join(folder, `image.${format}`)
    execFileSync('qemu-img', ['create', '-q', '-f', format, ...options.flatMap((option) => ['-o', option]), path, '4M'])
    const theirs = JSON.parse(execFileSync('qemu-img', ['info', '--output=json', path], { encoding: 'utf8' })).format
    assert.equal(theirs, format)
    assert.equal(probeFormat(readFileSync(path).subarray(0, probeLength)), format)
    rmSync(path)
  })
}

test('whatever an image begins with, it has a format, and a start too short to tell is raw', () => {
  const magics = [
    'QFI\xfb',
    'KDMV',
    'COWD',
    'conectix',
    'vhdxfile',
    'QED\0',
    'LUKS\xba\xbe',
    'WithoutFreeSpace',
    '# Disk',
  ]
  const head = fc.tuple(
    fc.oneof(
      fc.constantFrom(...magics).map((magic) => Buffer.from(magic, 'latin1')),
      fc.uint8Array({ maxLength: 80 }),
    ),
    fc.uint8Array({ maxLength: probeLength - 80 }),
  )
  fc.assert(
    fc.property(head, fc.nat(probeLength), (parts, cut) => {
      const bytes = Buffer.concat(parts).subarray(0, cut)
      assert.match(probeFormat(bytes), /^[a-z0-9]+$/)
    }),
  )
  for (const magic of magics) assert.equal(probeFormat(Buffer.from(magic.slice(0, -1), 'latin1')), 'raw')
  assert.equal(probeFormat(new Uint8Array(0)), 'raw')
})

test('a text that only looks like the beginning of a VMDK descriptor takes no long time to refuse', () => {
  // An expression that backtracks would take longer than the test runner waits.
  assert.equal(probeFormat(Buffer.from('#'.padEnd(probeLength, ' #\n'))), 'raw')
})
