/** What a floppy drive is by `drive-type=`: what the firmware finds in CMOS, and what the tree of devices tells. */
import assert from 'node:assert/strict'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { qemu } from './programs.ts'
import { answersOfBoth } from './terminal.ts'

const types = ['120', '144', '288', 'none', 'auto'] as const
const kibibytes = [360, 1200, 1440, 2880] as const
/** The kinds of the drives, and how many there are. */
const lines = ['o /b 0x70 0x10', 'i /b 0x71', 'o /b 0x70 0x14', 'i /b 0x71', 'info qtree']

describe('floppy drives', { skip: qemu.skip }, () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmon-floppies-'))
    for (const size of kibibytes) {
      const file = await open(join(folder, `${size}.img`), 'w')
      await file.truncate(size << 10)
      await file.close()
    }
  })
  after(() => rm(folder, { recursive: true, force: true }))

  for (const [index, type] of types.entries()) {
    test(`of type ${type} are to the guest what they are with QEMU, whatever is in them`, async () => {
      const drive = (unit: number, size: number): string[] => [
        ...['-drive', `if=none,id=d${unit},format=raw,file=${join(folder, `${size}.img`)}`],
        ...['-device', `floppy,unit=${unit},drive=d${unit},drive-type=${type}`],
      ]
      const machines = [
        ['-device', `floppy,drive-type=${type}`],
        [...drive(0, 360), ...drive(1, 2880)],
        [...drive(0, kibibytes[index % 4]!), ...drive(1, kibibytes[(index + 1) % 4]!)],
      ]
      for (const options of machines) {
        const both = await answersOfBoth(lines, ['-nodefaults', '-vga', 'none', ...options])
        const [theirs, ours] = both.map(([, kinds, , equipment, tree]) => ({
          kinds,
          equipment,
          types: [...tree!.matchAll(/drive-type = "(.*)"/g)].map(([, said]) => said),
        }))
        assert.deepEqual(ours, theirs)
      }
    })
  }
})
