import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { BlockError, openDisk } from '../../index.ts'

const size = 3 * 2 ** 20
const folder = mkdtempSync(join(tmpdir(), 'vmon-device-'))
const behind = join(folder, 'behind.raw')

/** A block device over a file of ours; undefined, with the reason, where the system gives us none. */
function attachLoop(): { readonly device: string } | { readonly reason: string } {
  try {
    writeFileSync(behind, Buffer.alloc(size, 0x5a))
    return { device: execFileSync('losetup', ['--find', '--show', behind], { encoding: 'utf8', stdio: 'pipe' }).trim() }
  } catch (error) {
    return { reason: `no loop device can be had: ${(error as Error).message.trim()}` }
  }
}

const loop = attachLoop()
const device = 'device' in loop ? loop.device : ''
after(() => {
  if (device !== '') execFileSync('losetup', ['-d', device])
  rmSync(folder, { recursive: true })
})

describe('a block device of the host', { skip: 'reason' in loop && loop.reason }, () => {
  before(() => assert.match(device, /^\/dev\/loop\d+$/))

  it('is opened by its plain name, as long as the device is', async () => {
    await using disk = await openDisk(device, { format: 'raw', readOnly: true })
    assert.equal(disk.node.driver.children.get('file')?.driver.name, 'host_device')
    assert.equal(disk.length, size)
    assert.ok((await disk.read(size - 512, 512)).every((byte) => byte === 0x5a))
  })

  it('keeps what is written and flushed: it is in the file behind the device', async () => {
    await using disk = await openDisk(device, { format: 'raw' })
    await disk.write(size - 1024, new Uint8Array(1024).fill(0xa5))
    await disk.writeZeroes(4096, 8192)
    await disk.flush()
    const bytes = readFileSync(behind)
    assert.equal(bytes.length, size)
    assert.ok(bytes.subarray(size - 1024).every((byte) => byte === 0xa5))
    assert.ok(bytes.subarray(4096, 12288).every((byte) => byte === 0))
    assert.equal(bytes[4095], 0x5a)
    assert.equal(bytes[12288], 0x5a)
  })

  it('does not grow: a write behind its end is refused and changes nothing', async () => {
    await using disk = await openDisk(device, { format: 'raw' })
    const before = readFileSync(behind)
    await assert.rejects(disk.write(size, new Uint8Array(512)), { name: 'BlockError', kind: 'range' })
    assert.deepEqual(readFileSync(behind), before)
  })

  it('is no regular file to the file driver', async () => {
    await assert.rejects(
      openDisk(`file:${device}`, { format: 'raw' }),
      (error) =>
        error instanceof BlockError &&
        error.message.includes(`'file' driver requires '${device}' to be a regular file`),
    )
  })
})

it('a regular file is no device to the host_device driver', async () => {
  const path = join(folder, 'plain.raw')
  writeFileSync(path, new Uint8Array(512))
  await assert.rejects(
    openDisk(`host_device:${path}`, { format: 'raw' }),
    (error) =>
      error instanceof BlockError &&
      error.message.includes(`'host_device' driver requires '${path}' to be either a character or block device`),
  )
})
