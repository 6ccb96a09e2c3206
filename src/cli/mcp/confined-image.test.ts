import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { createDisk, openDisk } from '../../block/index.ts'
import { confinedImage } from './confined-image.ts'
import { OwnFolder } from './own-folder.ts'

/** A folder with `base.img` in it, and a file outside. */
async function place(t: TestContext): Promise<{ folder: OwnFolder; at: (name: string) => string; secret: string }> {
  const outside = await realpath(await mkdtemp(join(tmpdir(), 'vmon-confined-')))
  t.after(() => rm(outside, { recursive: true }))
  await mkdir(join(outside, 'own'))
  const folder = await OwnFolder.open(join(outside, 'own'))
  const at = (name: string): string => join(folder.path, name)
  const secret = join(outside, 'secret')
  await writeFile(secret, 'nobody reads this'.padEnd(8192))
  await writeFile(at('base.img'), 'this is read'.padEnd(8192))
  return { folder, at, secret }
}

/** An image whose header names what need not be there. */
async function overlay(path: string, filename: string, format?: string): Promise<void> {
  await createDisk(path, { format: 'qcow2', size: 8192 })
  const disk = await openDisk(path, { format: 'qcow2' })
  await disk.node.driver.nameBacking!({ filename, format: format! })
  await disk.close()
}

/** Text of a VMDK that shows another file. */
function descriptorOf(file: string): string {
  return `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\n\nRW 16 FLAT "${file}" 0\n`
}

describe('an image that a client names', () => {
  it('is taken with those behind it, by relative and absolute names', async (t) => {
    const { folder, at } = await place(t)
    await overlay(at('one.qcow2'), 'base.img', 'raw')
    await overlay(at('two.qcow2'), at('one.qcow2'), 'qcow2')
    assert.deepEqual(await confinedImage(folder, 'two.qcow2'), { path: at('two.qcow2'), format: 'qcow2' })
    await using disk = await openDisk(at('two.qcow2'), { format: 'qcow2', readOnly: true })
    assert.match(Buffer.from(await disk.read(0, 512)).toString(), /^this is read/)
  })

  it('may have nothing behind it that names files of its own, or is opened by a guess', async (t) => {
    const { folder, at, secret } = await place(t)
    await writeFile(at('x.img'), descriptorOf(secret).padEnd(8192))
    await overlay(at('vmdk.qcow2'), 'x.img', 'vmdk')
    await overlay(at('guess.qcow2'), 'x.img')
    await overlay(at('json.qcow2'), `json:{"driver":"raw","file":{"driver":"file","filename":"${secret}"}}`, 'raw')
    await overlay(at('server.qcow2'), 'nbd://localhost/', 'raw')
    await overlay(at('file.qcow2'), `file:${secret}`, 'raw')
    await overlay(at('deep.qcow2'), 'vmdk.qcow2', 'qcow2')
    const refused = (name: string, message: RegExp) => assert.rejects(confinedImage(folder, name), { message })
    await refused('vmdk.qcow2', /of format 'vmdk' behind it/)
    await refused('guess.qcow2', /does not say which format/)
    await refused('deep.qcow2', /of format 'vmdk' behind it/)
    for (const name of ['json', 'server', 'file']) await refused(`${name}.qcow2`, /behind it, which is no file/)
  })

  it('may have nothing behind it that is elsewhere, by any way there', async (t) => {
    const { folder, at, secret } = await place(t)
    await mkdir(join(secret, '..', 'elsewhere', 'deep'), { recursive: true })
    await symlink(join(secret, '..', 'elsewhere', 'deep'), at('link'))
    await symlink(secret, at('straight'))
    await writeFile(join(secret, '..', 'elsewhere', 'base.img'), 'outside')
    // A path without its `..`s would be that of base.img in the folder.
    for (const [index, name] of [secret, '../secret', 'link/../base.img', 'straight', 'nosuch', '.'].entries()) {
      await overlay(at(`${index}.qcow2`), name, 'raw')
      const message = /is not below the folder/
      await assert.rejects(confinedImage(folder, `${index}.qcow2`), { message }, name)
    }
  })

  it('may not have its data in another file', async (t) => {
    const { folder, at } = await place(t)
    const options = { data_file: at('data.raw') }
    await createDisk(at('split.qcow2'), { format: 'qcow2', size: 8192, options })
    await assert.rejects(confinedImage(folder, 'split.qcow2'), { message: /data is in another file/ })
  })

  it('is no image while somebody writes to it who could change what it names', async (t) => {
    const { folder, at } = await place(t)
    await overlay(at('raw.img'), 'base.img', 'raw')
    await using _guest = await openDisk(at('raw.img'), { format: 'raw' })
    await assert.rejects(confinedImage(folder, 'raw.img', 'qcow2'), { kind: 'locked' })
  })

  it('is a regular file: nobody waits for another end', async (t) => {
    const { folder, at } = await place(t)
    await promisify(execFile)('mkfifo', [at('pipe.qcow2')])
    await overlay(at('over.qcow2'), 'pipe.qcow2', 'qcow2')
    await assert.rejects(confinedImage(folder, 'pipe.qcow2'), { message: /is no regular file/ })
    await assert.rejects(confinedImage(folder, 'over.qcow2'), { message: /is no regular file/ })
    await assert.rejects(confinedImage(folder, 'nosuch.qcow2'), { message: /there is no such file/ })
  })
})
