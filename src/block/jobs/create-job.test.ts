import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { NewImage } from './create-job.ts'
import { JobScene } from './job-scene.ts'

/** Makes an image; the result is the job's error, if there was one. */
async function make(scene: JobScene, id: string, image: Partial<NewImage> & Pick<NewImage, 'driver'>) {
  await scene.control.create(id, { size: 2n ** 20n, options: {}, ...image })
  const job = scene.jobs.find(id)!
  await scene.until(() => job.status === 'concluded')
  return job.failure
}

const inFile = (filename: string) => ({ driver: 'file', filename })

test('an image with a node for data keeps what that holds, and fits its length', async () => {
  await using scene = new JobScene()
  const [file, data] = [scene.file('image'), scene.file('data')]
  const plans = [
    { options: {}, before: 4096, after: 2 ** 20 },
    { options: {}, before: 2 ** 21, after: 2 ** 20 },
    { options: { data_file_raw: true }, before: 4096, after: 2 ** 20 },
    { options: { data_file_raw: true }, before: 2 ** 21, after: 2 ** 21 },
    { options: { preallocation: 'full' }, before: 2 ** 21, after: 2 ** 21 },
  ]
  for (const [index, { options, before, after }] of plans.entries()) {
    writeFileSync(file, '')
    writeFileSync(data, new Uint8Array(before).fill(7))
    const image = { driver: 'qcow2', file: inFile(file), dataFile: inFile(data), options }
    assert.equal(await make(scene, `job${index}`, image), undefined)
    const expected = new Uint8Array(after).fill(7, 0, Math.min(before, after))
    assert.ok(readFileSync(data).equals(expected), JSON.stringify({ options, before }))
    execFileSync('qemu-img', ['check', '-q', file])
  }
})

test('an image that is refused leaves its nodes as they were', async () => {
  await using scene = new JobScene()
  const names = ['image', 'one', 'two'].map((name) => scene.file(name))
  const contents = names.map((_, index) => new Uint8Array(4096).fill(index + 1))
  const [image, one, two] = names.map(inFile)
  const vmdk = { driver: 'vmdk', file: image! }
  const refused: readonly (readonly [Partial<NewImage> & Pick<NewImage, 'driver'>, string])[] = [
    [{ ...vmdk, extents: [one!] }, 'List of extents contains unused extents'],
    [{ ...vmdk, options: { subformat: 'monolithicFlat' } }, 'Extent [0] not specified'],
    [
      { ...vmdk, size: 2n ** 31n + 512n, extents: [one!], options: { subformat: 'twoGbMaxExtentSparse' } },
      'Extent [1] not specified',
    ],
    [
      { ...vmdk, extents: [one!, two!], options: { subformat: 'twoGbMaxExtentFlat' } },
      'List of extents contains unused extents',
    ],
    [
      {
        ...vmdk,
        extents: [one!],
        options: { subformat: 'twoGbMaxExtentSparse' },
        backing: backedBy(scene.file('nix')),
      },
      `Could not open '${scene.file('nix')}': No such file or directory`,
    ],
    [
      { driver: 'vpc', file: image!, size: 513n, options: {} },
      'The requested image size cannot be represented in CHS geometry',
    ],
    [
      { driver: 'vdi', file: image!, options: { 'image-preallocation': 'full' } },
      'Preallocation mode not supported for vdi',
    ],
    [
      { driver: 'qcow2', file: image!, size: 2n ** 64n - 512n },
      'Could not resize image: Image size cannot be negative',
    ],
  ]
  for (const [index, [plan, text]] of refused.entries()) {
    for (const [at, name] of names.entries()) writeFileSync(name, contents[at]!)
    assert.equal(await make(scene, `job${index}`, plan), text)
    for (const [at, name] of names.entries()) assert.ok(readFileSync(name).equals(contents[at]!), `${text}: ${name}`)
  }
})

test('parts of an image are made in their nodes, which the text names', async () => {
  await using scene = new JobScene()
  for (const name of ['list', 'one', 'two']) writeFileSync(scene.file(name), '')
  const options = { subformat: 'twoGbMaxExtentFlat', adapter_type: 'lsilogic' }
  const extents = [inFile(scene.file('one')), inFile(scene.file('two'))]
  const image = { driver: 'vmdk', file: inFile(scene.file('list')), size: 2n ** 31n + 512n, extents, options }
  assert.equal(await make(scene, 'job0', image), undefined)
  assert.match(readFileSync(scene.file('list'), 'latin1'), /^RW 4194304 FLAT "one" 0\nRW 1 FLAT "two" 0$/m)
  assert.deepEqual([statSync(scene.file('one')).size, statSync(scene.file('two')).size], [2 ** 31, 512])
})

function backedBy(filename: string) {
  return { filename, format: undefined }
}
