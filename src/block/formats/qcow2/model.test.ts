import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import type { Qcow2CreateOptions } from './create.ts'
import { complaints, create, type OpenedImage, open, qemuImg, readByQemu, temporaryFolder } from './image-fixture.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('qcow2-model')
const size = 200 * 1024
const backingSize = 150 * 1024
let images = 0
/** More by the environment: `VMON_QCOW2_SEQUENCES=1000`. */
const sequences = Number(process.env['VMON_QCOW2_SEQUENCES'] ?? 3)

const offset = fc.nat(size - 1)
const length = fc.oneof(fc.nat(5000), fc.nat(100_000))
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      offset,
      length,
      fill: fc.integer({ min: 1, max: 255 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('zero' as const), offset, length, unmap: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('discard' as const), offset, length }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('together' as const), offset, length, fill: fc.nat(255) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('snapshot' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('apply' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resize' as const), sectors: fc.nat(600) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

const layouts: Record<string, Omit<Qcow2CreateOptions, 'size'>> = {
  'version 3, 4 KiB': { clusterSize: 4096 },
  'version 2, 512 bytes': { version: 2, clusterSize: 512 },
  'one bit a count, 1 KiB': { clusterSize: 1024, refcountBits: 1 },
  '64 bits a count, lazy': { clusterSize: 2048, refcountBits: 64, lazyRefcounts: true },
  subclusters: { clusterSize: 16384, extendedL2: true },
  '64 KiB, lazy': { clusterSize: 65536, lazyRefcounts: true },
  '2 MiB, subclusters': { clusterSize: 2 ** 21, extendedL2: true },
  'a data file': { clusterSize: 4096, dataFile: { filename: 'data' } },
  'a data file that is a raw image': { clusterSize: 4096, dataFile: { filename: 'data', raw: true } },
  'a data file, subclusters': { clusterSize: 16384, extendedL2: true, dataFile: { filename: 'data' } },
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Layout = Omit<Qcow2CreateOptions, 'size'>

/** An image, and plain bytes beside it that have the same done to them. */
class Pair implements AsyncDisposable {
  readonly #path: string
  readonly #layout: Layout
  readonly #backed: boolean
  readonly #snapshots: { readonly id: string; readonly bytes: Uint8Array }[] = []
  #image: OpenedImage
  #bytes: Uint8Array

  private constructor(path: string, layout: Layout, image: OpenedImage, base: Uint8Array | undefined) {
    this.#path = path
    this.#layout = layout
    this.#image = image
    this.#backed = base !== undefined
    this.#bytes = base ?? new Uint8Array(size)
  }

  static async make(layout: Layout, backed: boolean): Promise<Pair> {
    const path = join(folder, `image${images++}`)
    const own: Qcow2CreateOptions = { size, ...layout }
    const options =
      own.dataFile === undefined ? own : { ...own, dataFile: { ...own.dataFile, filename: `${path}.data` } }
    if (options.dataFile !== undefined)
      writeFileSync(options.dataFile.filename, new Uint8Array(options.dataFile.raw ? size : 0))
    if (!backed) {
      await create(path, options)
      return new Pair(path, layout, await open(path), undefined)
    }
    const bytes = new Uint8Array(size)
    for (let at = 0; at < backingSize; at += 3000) bytes.fill(at / 3000 + 1, at, Math.min(at + 2000, backingSize))
    await create(`${path}.base`, { size: backingSize, clusterSize: 1024 })
    await using base = await open(`${path}.base`)
    await base.node.write(0, bytes.subarray(0, backingSize))
    await base.close()
    await create(path, { ...options, backing: { filename: `${path}.base`, format: 'qcow2' } })
    return new Pair(path, layout, await open(path), bytes)
  }

  async step(step: Step): Promise<void> {
    const { node, driver } = this.#image
    const { version = 3, refcountBits = 16, dataFile } = this.#layout
    if (step.kind === 'flush') await node.flush()
    else if (step.kind === 'reopen') await this.#reopen()
    else if (step.kind === 'resize') {
      const resized = node.truncate(step.sectors * 512)
      if (version === 2 && this.#snapshots.length > 0 && step.sectors * 512 !== this.#bytes.length) {
        return assert.rejects(resized, { kind: 'unsupported' })
      }
      await resized
      const bytes = new Uint8Array(step.sectors * 512)
      bytes.set(this.#bytes.subarray(0, bytes.length))
      this.#bytes = bytes
    } else if (step.kind === 'snapshot') {
      const made = driver.snapshots.create({ name: 'a snapshot' })
      if (dataFile !== undefined) return assert.rejects(made, { kind: 'unsupported' })
      // An image without any table has nothing that is referred to.
      if (refcountBits === 1) return made.then(undefined, (error) => assert.equal(error.kind, 'invalid'))
      this.#snapshots.push({ id: (await made).id, bytes: this.#bytes.slice() })
    } else if (step.kind === 'apply' || step.kind === 'delete') {
      const snapshot = this.#snapshots[step.which % this.#snapshots.length]
      if (snapshot === undefined) return
      if (step.kind === 'apply') {
        await driver.snapshots.apply(snapshot.id)
        this.#bytes = snapshot.bytes.slice()
      } else {
        await driver.snapshots.delete(snapshot.id)
        this.#snapshots.splice(this.#snapshots.indexOf(snapshot), 1)
      }
    } else await this.#request(step)
    const seen = await this.#image.node.read(0, this.#bytes.length)
    assert.equal(this.#image.node.length, this.#bytes.length)
    assert.ok(Buffer.compare(seen, this.#bytes) === 0, `after ${JSON.stringify(step)}`)
  }

  async #request(step: Extract<Step, { offset: number }>): Promise<void> {
    const { node } = this.#image
    const { length } = this.#bytes
    const end = Math.min(length, step.offset + step.length)
    const begin = Math.min(step.offset, end)
    if (step.kind === 'zero') {
      await node.writeZeroes(begin, end - begin, { unmap: step.unmap })
      this.#bytes.fill(0, begin, end)
    } else if (step.kind === 'discard') {
      await node.discard(begin, end - begin)
      const clusterSize = this.#layout.clusterSize!
      const first = Math.ceil(begin / clusterSize) * clusterSize
      const last = end === length ? length : end - (end % clusterSize)
      if (!(this.#layout.version === 2 && this.#backed) && first < last) this.#bytes.fill(0, first, last)
    } else if (step.kind === 'write') {
      await node.write(begin, new Uint8Array(end - begin).fill(step.fill))
      this.#bytes.fill(step.fill, begin, end)
    } else {
      // Neighbours that share clusters, all at once.
      const writes: Promise<void>[] = []
      for (let at = begin; at < end; at += 700) {
        const bytes = new Uint8Array(Math.min(700, end - at)).fill((step.fill + at) & 255)
        this.#bytes.set(bytes, at)
        writes.push(node.write(at, bytes))
      }
      await Promise.all([...writes, node.flush()])
    }
  }

  async #reopen(): Promise<void> {
    await this.#image.close()
    assert.equal(await complaints(this.#path), '')
    this.#image = await open(this.#path)
  }

  /** Closes the image and lets QEMU read it, and every snapshot in it. */
  async compareWithQemu(): Promise<void> {
    await this.#image.close()
    assert.equal(await complaints(this.#path), '')
    assert.ok(Buffer.compare(await readByQemu(this.#path), this.#bytes) === 0, 'QEMU reads something else')
    if (this.#layout.dataFile?.raw === true) {
      // Of the last cluster more may have been written, as QEMU does.
      const alone = readFileSync(`${this.#path}.data`).subarray(0, this.#bytes.length)
      assert.ok(Buffer.compare(alone, this.#bytes) === 0, 'the data file alone is not the image')
    }
    for (const { id, bytes } of this.#snapshots) {
      const raw = `${this.#path}.${id}`
      const { out } = await qemuImg('convert', '-l', `snapshot.id=${id}`, '-O', 'raw', this.#path, raw)
      assert.equal(out, '')
      // QEMU reads as many bytes as the image has now.
      const seen = readFileSync(raw)
      const common = Math.min(seen.length, bytes.length)
      assert.ok(
        Buffer.compare(seen.subarray(0, common), bytes.subarray(0, common)) === 0,
        `QEMU reads something else in snapshot ${id}`,
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#image.close()
  }
}

for (const backed of [false, true]) {
  for (const [name, layout] of Object.entries(layouts)) {
    if (backed && layout.dataFile?.raw === true) continue // cannot have both
    const over = backed ? ', over a backing file' : ''
    test(`${name}${over}: any sequence does what it would do to plain bytes`, { skip }, () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
          await using pair = await Pair.make(layout, backed)
          for (const step of steps) await pair.step(step)
          await pair.compareWithQemu()
        }),
        { numRuns: sequences, includeErrorInReport: true },
      ),
    )
  }
}
