import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectPcDrives, DriveSet, driveFromOptions } from '../block/index.ts'
import { list, root } from '../qapi/index.ts'
import { blockCommands } from './block.ts'
import { BlockInfo } from './block-info.ts'

const call = {
  session: { negotiate: () => undefined, descriptors: undefined as never },
  signal: new AbortController().signal,
}

test('query-block answers with what its type declares, and nothing else', async () => {
  const drives = new DriveSet()
  await drives.add(driveFromOptions({ file: 'null-co://', format: 'raw', id: 'system' }))
  await drives.add(driveFromOptions({ driver: 'null-co', if: 'none', 'detect-zeroes': 'on', cache: 'unsafe' }))
  drives.addDefaults()
  await connectPcDrives(drives, { vga: true, serialPorts: 1, parallelPorts: 1, networkCards: 1 })
  const answer = await blockCommands['query-block'].invoke({ drives }, undefined, call)
  assert.deepEqual(
    answer.map(({ device }) => device),
    ['system', 'none0', 'ide1-cd0', 'floppy0', 'sd0'],
  )
  assert.deepEqual(list(BlockInfo).decode(answer, root), answer)
  await drives.close()
})
