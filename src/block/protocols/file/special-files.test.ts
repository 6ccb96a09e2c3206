import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createImage, DriveSet, driveFromOptions, GraphControl, MediaControl, NodeGraph } from '../../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-special-'))
const at = (name: string): string => join(folder, name)
execFileSync('mkfifo', [at('pipe')])
symlinkSync('loop', at('loop'))
mkdirSync(at('folder'))
writeFileSync(at('disk'), new Uint8Array(1024))
const listener = createServer().listen(at('socket'))
listener.unref()
after(() => {
  listener.close()
  rmSync(folder, { recursive: true })
})

const long = 'x'.repeat(300)
/** What QEMU 7.2 says of each that is to be read and written. */
const refusals: Readonly<Record<string, string>> = {
  pipe: `'file' driver requires '${at('pipe')}' to be a regular file`,
  loop: `Could not open '${at('loop')}': Too many levels of symbolic links`,
  'disk/x': `Could not open '${at('disk/x')}': Not a directory`,
  folder: `Could not open '${at('folder')}': Is a directory`,
  socket: `Could not open '${at('socket')}': No such device or address`,
  [long]: `Could not open '${at(long)}': File name too long`,
}

for (const [name, message] of Object.entries(refusals)) {
  test(`nobody waits for what is no file, whoever names it: ${name.slice(0, 10)}`, async () => {
    await using drives = new DriveSet()
    await using graph = new GraphControl(drives)
    const filename = at(name)
    await drives.add(driveFromOptions({ if: 'none', id: 'disk', file: at('disk'), format: 'raw' }))
    await drives.add(driveFromOptions({ if: 'none', id: 'other', file: '' }))
    const add = (driver: string) => graph.add({ driver, 'node-name': 'n', filename })
    await assert.rejects(add('file'), { message })
    const device = message.replace(/^'file' driver.*/, () => `'host_device' driver requires '${filename}' to be either a character or block device`) // biome-ignore format: one line
    await assert.rejects(add('host_device'), { message: device })
    const inFormat = { 'file.driver': 'file', 'file.filename': filename }
    await assert.rejects(graph.add({ driver: 'qcow2', 'node-name': 'n', ...inFormat }), { message })
    // What cannot be written is opened for reading, where it is a plain name.
    const named = { message: message.replace(/^.*: Is a directory/, () => `'file' driver requires '${filename}' to be a regular file`) } // biome-ignore format: one line
    await assert.rejects(drives.add(driveFromOptions({ if: 'none', file: filename })), named)
    const media = new MediaControl(drives)
    await assert.rejects(media.change({ device: 'other' }, { filename }), named)
    const target = { device: 'disk', filename, mode: 'existing' } as const
    await assert.rejects(graph.snapshot(target), named)
    const made = message
      .replace(/^Could not open/, 'Could not create')
      .replace(/^'file' driver.*/, 'Could not resize file: Invalid argument')
    await assert.rejects(graph.snapshot({ device: 'disk', filename }), { message: made })
    await assert.rejects(createImage(new NodeGraph(), { filename, size: 512 }), { message: made })
    assert.deepEqual([...drives.graph.nodes].length, 2)
  })
}

test('a folder that is only to be read is no file either', async () => {
  await using graph = new NodeGraph()
  const opened = graph.open({ filename: at('folder'), readOnly: true, options: { driver: 'raw' } })
  await assert.rejects(opened, { message: `'file' driver requires '${at('folder')}' to be a regular file` })
})

test('a process that is given pipes as images ends by itself, and says why', { timeout: 300_000 }, async () => {
  for (const option of ['-hda', '-cdrom', '-fda']) {
    const vmon = spawn(process.execPath, ['bin/vmon.js', '-accel', 'none', option, at('pipe')], { stdio: 'pipe' })
    let said = ''
    vmon.stderr.on('data', (bytes: Buffer) => {
      said += bytes
    })
    const [status] = await new Promise<[number | null]>((resolve) => vmon.on('close', (status) => resolve([status])))
    assert.deepEqual([status, said], [1, `vmon: ${option} ${at('pipe')}: ${refusals['pipe']}\n`])
  }
})
