import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import { chmod, lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FileError } from './file-error.ts'
import { HostFolder } from './host-folder.ts'
import { hostModel, mappedModel, type SecurityModel } from './security-model.ts'
import type { SystemCalls } from './system-calls.ts'

const skip = process.platform !== 'linux' && 'only Linux has what folders are shared by'
const nobody = 65534
const strange = { uid: 12345, gid: 12345, mode: 0o644 }
/** A file system that has no extended attributes. */
const without: SystemCalls = {
  xattr: refuse,
  xattrs: refuse,
  setXattr: refuse,
  removeXattr: refuse,
  setTimes: refuse,
  makeNode: refuse,
}

function refuse(): never {
  throw new FileError('EOPNOTSUPP')
}

async function bench() {
  const path = await mkdtemp(join(tmpdir(), 'vmon-model-'))
  await chmod(path, 0o777)
  const folder = await HostFolder.open(path)
  return {
    ...{ path, folder },
    async [Symbol.asyncDispose]() {
      await folder.close()
      await rm(path, { recursive: true })
    },
  }
}

/** Works as somebody who may give files to nobody else. */
async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid!() !== 0) return await work()
  process.seteuid!(nobody)
  try {
    return await work()
  } finally {
    process.seteuid!(0)
  }
}

function makings({ makeFile, makeFolder, makeLink, makeNode }: SecurityModel): (() => Promise<unknown>)[] {
  return [
    () => makeFile(['file'], strange, constants.O_RDWR),
    () => makeFolder(['folder'], strange),
    () => makeLink(['link'], 'target', strange),
    () => makeNode(['pipe'], { ...strange, mode: 0o010644 }, 0n),
  ]
}

describe('who owns new files', { skip }, () => {
  test('what cannot be given to whom the guest wants is not made', async () => {
    await using one = await bench()
    await unprivileged(async () => {
      for (const make of makings(hostModel(one.folder, undefined, false)).slice(0, 3))
        await assert.rejects(make(), { code: 'EPERM' })
    })
    assert.deepEqual(await readdir(one.path), [])
  })

  test('what cannot be marked is not made', async () => {
    await using one = await bench()
    for (const make of makings(mappedModel(one.folder, without, { fileMode: 0o600, folderMode: 0o700 })))
      await assert.rejects(make(), { code: 'EOPNOTSUPP' })
    assert.deepEqual(await readdir(one.path), [])
  })

  test('what is there already stays when it cannot be made', async () => {
    await using one = await bench()
    const model = mappedModel(one.folder, without, { fileMode: 0o600, folderMode: 0o700 })
    const plain = hostModel(one.folder, undefined, true)
    await unprivileged(() => plain.makeFolder(['folder'], strange))
    assert.equal((await lstat(join(one.path, 'folder'))).mode & 0o777, 0o644)
    for (const made of [model, plain]) await assert.rejects(made.makeFolder(['folder'], strange), { code: 'EEXIST' })
    assert.deepEqual(await readdir(one.path), ['folder'])
  })
})
