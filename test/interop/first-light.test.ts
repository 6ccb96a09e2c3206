/**
 * A real guest, from the outside: GRUB's rescue CD boots, and a client with nothing but sockets and JSON reads its
 * screen, types into it, stops it, resets it and ends it (first-light.py). The pictures must be QEMU's.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { type Program, qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { type PpmPicture, parsePpm } from './ppm-picture.ts'
import { differingCells } from './text-cells.ts'

const iso = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const script = fileURLToPath(new URL('../../../test/interop/first-light.py', import.meta.url))
const skip = missingFile(iso, 'grub-rescue-pc') || missingProgram('python3') || qemu.skip

/** Runs the script on a program; the pictures that it took. */
async function firstLight({ command }: Program): Promise<Readonly<Record<string, PpmPicture>>> {
  const options = ['-cdrom', iso, '-qmp', 'unix:qmp.sock,server=on,wait=off', '-display', 'none']
  await using server = await Server.start([...command, ...options])
  await server.listening('qmp.sock')
  await mkdir(server.path('pictures'))
  const { stdout } = await promisify(execFile)('python3', [script, server.path('qmp.sock'), server.path('pictures')])
  assert.equal(stdout, 'first light: done\n')
  const { status, stderr } = await server.exited
  assert.equal(status, 0, stderr)
  await assert.rejects(readFile(server.path('qmp.sock')), { code: 'ENOENT' })
  const pictures: Record<string, PpmPicture> = {}
  for (const name of ['menu', 'shell', 'echo', 'again'])
    pictures[name] = parsePpm(await readFile(server.path(`pictures/${name}.ppm`)))
  return pictures
}

describe('first light', { skip }, () => {
  it('shows a plain QMP client the same screens of GRUB as QEMU does', async () => {
    const [expected, seen] = [await firstLight(qemu), await firstLight(vmon)]
    for (const [name, picture] of Object.entries(seen)) {
      assert.deepEqual([picture.width, picture.height], [720, 400], name)
      assert.deepEqual(differingCells(expected[name]!, picture), [], `${name}: cells that differ`)
    }
  })
})
