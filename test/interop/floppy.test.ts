import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inPort, outPort, probeBios, type Question } from '../guests/probe-guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Guest, qemu, vmon } from './guest.ts'
import { askProbe } from './probe.ts'

const port = { output: 0x3f2, status: 0x3f4, data: 0x3f5, input: 0x3f7 } as const

/** A command, the question which interrupt it has led to, and whether the medium has changed. */
const command = (...bytes: readonly number[]): Question[] => [
  ...[...bytes, 0x08].map((byte) => outPort(port.data, 1, byte)),
  ...[port.data, port.data, port.status, port.input].map((one) => inPort(one, 1)),
]
const seek = (cylinder: number): Question[] => command(0x0f, 0, cylinder)
const recalibrate = command(0x07, 0)

const cylinders = [0, 1, 0, 5, 5, 79, 1, 80, 81, 200, 255, 0]
/** Out of its reset with motors on; it asks four times to be looked at. */
const wake = [
  ...[0x00, 0x1c].map((value) => outPort(port.output, 1, value)),
  ...[1, 2, 3, 4].flatMap(() => [outPort(port.data, 1, 0x08), inPort(port.data, 1), inPort(port.data, 1)]),
]

test('the heads of a floppy drive move as in QEMU, with a medium and without, and tell of one that has changed', {
  skip: missingProgram(qemu[0]!),
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-floppy-'))
  t.after(() => rm(folder, { recursive: true }))
  const bios = join(folder, 'probe.bin')
  await writeFile(bios, probeBios())
  const one = async (machine: readonly string[], name: string) => {
    const image = join(folder, name) // of its own: the other has it locked
    await writeFile(image, new Uint8Array(1474560))
    await using guest = await Guest.start(machine, ['-bios', bios, '-drive', 'if=floppy,id=a'], t.signal)
    await guest.execute('cont')
    const seen = [await askProbe(guest, wake)]
    const look = async () => {
      for (const cylinder of cylinders) seen.push(await askProbe(guest, seek(cylinder)))
      seen.push(await askProbe(guest, recalibrate))
    }
    await look()
    await guest.execute('blockdev-change-medium', { device: 'a', filename: image, format: 'raw' })
    await look()
    await guest.execute('eject', { device: 'a' })
    await look()
    return seen.map((answers) => answers.map((answer) => answer.toString(16)).join(' '))
  }
  const [theirs, ours] = await Promise.all([one(qemu, 'theirs.img'), one(vmon, 'ours.img')])
  assert.deepEqual(ours, theirs)
})
