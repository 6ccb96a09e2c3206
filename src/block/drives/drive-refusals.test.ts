import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { refusals } from '../../../test/oracle/drive-refusals.ts'
import { BlockError, type BlockErrorKind, connectPcDrives, DriveSet, driveFromOptions } from '../index.ts'

/** Drives that QEMU takes and we, for now, do not: named, not ignored. */
const missing: readonly (readonly [drives: string, text: string])[] = [
  ['file=image.vhdx', "Unknown driver 'vhdx'"],
  ['file=d.raw,format=vhdx', "Unknown driver 'vhdx'"],
]

const start = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'vmon-refusals-'))

before(() => {
  process.chdir(folder)
  for (const name of ['d.raw', 'e.raw']) {
    writeFileSync(name, '')
    truncateSync(name, 2 ** 20)
  }
  writeFileSync('image.vhdx', 'vhdxfile' + '\0'.repeat(504), 'latin1')
})

after(() => {
  process.chdir(start)
  rmSync(folder, { recursive: true })
})

async function refuse(drives: string, kind: BlockErrorKind, text: string): Promise<void> {
  const set = new DriveSet()
  try {
    await assert.rejects(
      async () => {
        for (const drive of drives.split(' ')) {
          await set.add(driveFromOptions(Object.fromEntries(drive.split(',').map((part) => part.split(/=(.*)/s, 2)))))
        }
        await connectPcDrives(set, { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 })
      },
      (error) => {
        assert.ok(error instanceof BlockError, String(error))
        const { hint } = error.context
        assert.deepEqual([hint === undefined ? error.message : `${error.message}\n${hint}`, error.kind], [text, kind])
        return true
      },
    )
  } finally {
    await set.close()
  }
  assert.deepEqual([...set.graph.nodes], [], 'what was opened on the way is closed')
}

for (const [drives, kind, text] of refusals) {
  test(`QEMU's words for -drive ${drives}: ${text.split('\n', 1)}`, () => refuse(drives, kind, text))
}

for (const [drives, text] of missing) {
  test(`what this version lacks is refused by name: -drive ${drives}`, () => refuse(drives, 'unsupported', text))
}

test('options that say nothing of an image leave a drive empty', async () => {
  const set = new DriveSet()
  for (const option of ['readonly=on', 'cache.writeback=off', 'detect-zeroes=on', 'aio=threads', 'copy-on-read=on']) {
    const drive = await set.add(driveFromOptions({ if: 'none', ...Object.fromEntries([option.split('=')]) }))
    assert.equal(drive.node, undefined, option)
  }
  for (const options of [{ snapshot: 'on' }, { bps: '0' }, { 'throttling.group': 'g' }]) {
    assert.equal((await set.add(driveFromOptions({ if: 'none', ...options }))).node, undefined)
  }
  await set.close()
})

test('what holds for an image holds for the storage below it, unless that has its own', async () => {
  const set = new DriveSet()
  const above = { file: 'd.raw', format: 'raw', if: 'none', readonly: 'on', cache: 'none', 'node-name': 'above' }
  await set.add(driveFromOptions({ ...above, 'file.node-name': 'below' }))
  for (const name of ['above', 'below']) {
    const node = set.graph.find(name)!
    assert.deepEqual([node.readOnly, node.cache], [true, { direct: true, noFlush: false }], name)
  }
  await set.close()
  const own = new DriveSet()
  await own.add(driveFromOptions({ ...above, 'file.node-name': 'below', 'file.cache.direct': 'off' }))
  assert.equal(own.graph.find('above')!.cache.direct, true)
  assert.equal(own.graph.find('below')!.cache.direct, false)
  await own.close()
})
