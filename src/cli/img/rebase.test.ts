import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openDisk } from '../../block/index.ts'
import { enterFolder, ours } from './side-by-side.ts'

after(enterFolder())

test('rebase -p shows how far it is within one long stretch', async () => {
  await ours('create', '-q', '-f', 'qcow2', 'base', '4M')
  {
    await using base = await openDisk('base')
    await base.write(0, new Uint8Array(4 * 2 ** 20).fill(1))
  }
  await ours('create', '-q', '-f', 'qcow2', '-b', 'base', '-F', 'qcow2', 'top')
  const { out } = await ours('rebase', '-p', '-b', '', 'top')
  for (const percent of ['0.00', '25.00', '50.00', '75.00', '100.00']) assert.ok(out.includes(`(${percent}/100%)`), out)
})
