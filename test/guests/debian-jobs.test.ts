/** A disk that Linux writes while jobs copy it, fold its chain, and move it elsewhere. QEMU's own tools judge. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { qemuImg } from '../../src/block/formats/qcow2/image-fixture.ts'
import { missingProgram } from '../oracle/peers.ts'
import { DebianGuest, diskBytes } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const skip = noDebianGuest || missingProgram('qemu-img')
const drive = 'ide0-hd0'

/** What the guest writes: places of 64 KiB, one after the other, each full of its own number, and flushed. */
const placeBytes = 65536
const places = diskBytes / placeBytes
const placeOf = (number: number): number => ((number * 37) % places) * placeBytes
const load =
  `(number=1; until [ -e /tmp/enough ]; do yes $number | dd of=/dev/sda bs=4096 count=${placeBytes / 4096} iflag=fullblock` +
  ` seek=$((number * 37 % ${places} * ${placeBytes / 4096})) conv=notrunc,fsync 2>/dev/null;` +
  ' echo "flushed $number"; number=$((number + 1)); done; sync; echo "written up to $number") &\n'

async function make(path: string, ...options: string[]): Promise<void> {
  const { code, out } = await qemuImg('create', '-q', '-f', 'qcow2', ...options, path, `${diskBytes}`)
  assert.equal(code, 0, out)
}

/** The bytes of an image that QEMU finds sound. */
async function bytesOf(path: string): Promise<Buffer> {
  const { code, out } = await qemuImg('check', '-f', 'qcow2', path)
  assert.equal(code, 0, `${path}: ${out}`)
  const raw = `${path}.raw`
  await qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, raw)
  return readFile(raw)
}

/**
 * Looks whether bytes are the disk at one moment: everything up to a number is there, of the next perhaps a part, and
 * nothing of those behind.
 *
 * @param least - what the guest had flushed before
 */
function isOneMoment(bytes: Buffer, least: number, name: string): void {
  const holds = (number: number, place = bytes.subarray(placeOf(number), placeOf(number) + placeBytes)): boolean =>
    place.equals(Buffer.alloc(placeBytes, `${number}\n`))
  let last = 0
  while (holds(last + 1)) last++
  assert.ok(last >= least, `${name} holds what was flushed up to ${last}, and ${least} was`)
  for (let number = last + 2; number < places; number++) {
    const place = bytes.subarray(placeOf(number), placeOf(number) + placeBytes)
    assert.ok(
      place.every((byte) => byte === 0),
      `${name} holds ${number}, and not ${last + 1}`,
    )
  }
}

describe('a disk that Linux writes while jobs work on it', { skip, timeout: 600_000 }, () => {
  it('is copied as it was at a moment, and is whole wherever it is moved to', async () => {
    await using images = await DebianGuest.atPrompt()
    const file = (name: string): string => join(images.folder, `${name}.qcow2`)
    for (const [name, below] of [
      ['base', ''],
      ['lower', 'base'],
      ['upper', 'lower'],
      ['top', 'upper'],
    ] as const) {
      await make(file(name), ...(below === '' ? [] : ['-b', file(below), '-F', 'qcow2']))
    }
    await make(file('moved'), '-o', 'cluster_size=4096')
    await images.vm.qmp.execute('stop')

    await using guest = await DebianGuest.atPrompt({ hda: file('top') })
    const { shell, vm } = guest
    const { qmp } = vm
    const events = qmp.events({ names: ['BLOCK_JOB_COMPLETED', 'BLOCK_JOB_READY', 'BLOCK_JOB_ERROR'] })
    const heard = events[Symbol.asyncIterator]()
    const told = async (name: string, job: string): Promise<void> => {
      const { value } = await heard.next()
      assert.deepEqual([value?.event, value?.data['device'], value?.data['error']], [name, job, undefined])
    }
    const flushed = async (more: number): Promise<number> => {
      const last = (): number =>
        Math.max(0, ...[...shell.said.matchAll(/^flushed (\d+)\r?$/gm)].map(([, number]) => Number(number)))
      const before = last()
      await shell.until(new RegExp(`^flushed ${before + more}\\r?$`, 'm'))
      return last()
    }
    shell.type(load)

    // All of it, and then what was written since, each as it was when the job was started.
    const first = await flushed(5)
    await qmp.execute('transaction', {
      actions: [
        { type: 'block-dirty-bitmap-add', data: { node: drive, name: 'since' } },
        {
          type: 'drive-backup',
          data: { device: drive, 'job-id': 'full', sync: 'full', target: file('full'), format: 'qcow2' },
        },
      ],
    })
    await told('BLOCK_JOB_COMPLETED', 'full')
    const full = await bytesOf(file('full'))
    isOneMoment(full, first, 'the backup')
    const second = await flushed(5)
    await qmp.execute('drive-backup', {
      device: drive,
      'job-id': 'since',
      sync: 'incremental',
      bitmap: 'since',
      target: file('full'),
      format: 'qcow2',
      mode: 'existing',
    })
    await told('BLOCK_JOB_COMPLETED', 'since')
    isOneMoment(await bytesOf(file('full')), second, 'the incremental backup')

    // The chain of four becomes one of three, of two, and one image.
    await qmp.execute('block-commit', { device: drive, 'job-id': 'fold', top: file('upper'), base: file('lower') })
    await told('BLOCK_JOB_COMPLETED', 'fold')
    await flushed(2)
    await qmp.execute('block-stream', { device: drive, 'job-id': 'flatten', base: file('base') })
    await told('BLOCK_JOB_COMPLETED', 'flatten')
    await flushed(2)
    await qmp.execute('block-commit', { device: drive, 'job-id': 'fold' })
    await told('BLOCK_JOB_READY', 'fold')
    await flushed(2)
    await qmp.execute('block-job-complete', { device: 'fold' })
    await told('BLOCK_JOB_COMPLETED', 'fold')
    const third = await flushed(2)

    // And moves to another image.
    await qmp.execute('drive-mirror', {
      device: drive,
      'job-id': 'move',
      sync: 'full',
      target: file('moved'),
      format: 'qcow2',
      mode: 'existing',
    })
    await told('BLOCK_JOB_READY', 'move')
    const fourth = await flushed(2)
    await qmp.execute('block-job-complete', { device: 'move' })
    await told('BLOCK_JOB_COMPLETED', 'move')
    await flushed(2)
    shell.type('touch /tmp/enough\n')
    await shell.until(/^written up to \d+\r?$/m)
    shell.type('sync; echo 3 >/proc/sys/vm/drop_caches; md5sum /dev/sda\n')
    const [, sum] = /^([0-9a-f]{32}) {2}\/dev\/sda/m.exec(await shell.until(/^[0-9a-f]{32} {2}\/dev\/sda/m))!
    assert.equal((await qmp.execute('query-block'))[0]?.inserted?.file, file('moved'))
    shell.close()
    await vm.close()

    const moved = await bytesOf(file('moved'))
    assert.equal(createHash('md5').update(moved).digest('hex'), sum)
    const left = await bytesOf(file('base'))
    isOneMoment(left, third, 'the image that was left')
    assert.ok(fourth > third)
    const compared = await qemuImg('compare', '-f', 'qcow2', '-F', 'raw', file('moved'), `${file('moved')}.raw`)
    assert.equal(compared.code, 0, compared.out)
  })
})
