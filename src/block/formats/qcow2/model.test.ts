import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import type { Qcow2CreateOptions } from './create.ts'
import { complaints, create, open, qemuImg, readByQemu, temporaryFolder } from './image-fixture.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('qcow2-model')
const size = 200 * 1024
let images = 0
/** More by the environment: `VMON_QCOW2_SEQUENCES=1000`. */
const sequences = Number(process.env['VMON_QCOW2_SEQUENCES'] ?? 6)

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
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

const layouts: Record<string, Omit<Qcow2CreateOptions, 'size'>> = {
  'version 3, 4 KiB': { clusterSize: 4096 },
  'version 2, 512 bytes': { version: 2, clusterSize: 512 },
  'one bit a count, 1 KiB': { clusterSize: 1024, refcountBits: 1 },
  '64 bits a count, lazy': { clusterSize: 2048, refcountBits: 64, lazyRefcounts: true },
  subclusters: { clusterSize: 16384, extendedL2: true },
}

for (const backed of [false, true]) {
  for (const [name, layout] of Object.entries(layouts)) {
    test(
      `${name}${backed ? ', over a backing file' : ''}: any sequence does what it would do to plain bytes`,
      { skip },
      () =>
        fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
            const path = join(folder, `image${images++}`)
            const base = `${path}.base`
            const model = new Uint8Array(size)
            const clusterSize = layout.clusterSize!
            if (backed) {
              await create(base, { size: 150 * 1024, clusterSize: 1024 })
              await using image = await open(base)
              for (let at = 0; at < 150 * 1024; at += 3000) {
                const bytes = new Uint8Array(Math.min(2000, 150 * 1024 - at)).fill(at / 3000 + 1)
                await image.node.write(at, bytes)
                model.set(bytes, at)
              }
            }
            await create(path, {
              size,
              ...layout,
              ...(backed ? { backing: { filename: base, format: 'qcow2' } } : {}),
            })
            let image = await open(path)
            for (const step of steps) {
              if (step.kind === 'flush') await image.node.flush()
              else if (step.kind === 'reopen') {
                await image.close()
                assert.equal(await complaints(path), '')
                image = await open(path)
              } else {
                const end = Math.min(size, step.offset + step.length)
                if (step.kind === 'zero') {
                  await image.node.writeZeroes(step.offset, end - step.offset, { unmap: step.unmap })
                  model.fill(0, step.offset, end)
                } else if (step.kind === 'discard') {
                  await image.node.discard(step.offset, end - step.offset)
                  const first = Math.ceil(step.offset / clusterSize) * clusterSize
                  const last = end === size ? size : end - (end % clusterSize)
                  if (!(layout.version === 2 && backed) && first < last) model.fill(0, first, last)
                } else if (step.kind === 'write') {
                  await image.node.write(step.offset, new Uint8Array(end - step.offset).fill(step.fill))
                  model.fill(step.fill, step.offset, end)
                } else {
                  // Neighbours that share clusters, all at once.
                  const writes: Promise<void>[] = []
                  for (let at = step.offset; at < end; at += 700) {
                    const bytes = new Uint8Array(Math.min(700, end - at)).fill((step.fill + at) & 255)
                    model.set(bytes, at)
                    writes.push(image.node.write(at, bytes))
                  }
                  await Promise.all([...writes, image.node.flush()])
                }
                const seen = await image.node.read(0, size)
                assert.ok(Buffer.compare(seen, model) === 0, `after ${JSON.stringify(step)}`)
              }
            }
            await image.close()
            assert.equal(await complaints(path), '')
            assert.ok(Buffer.compare(await readByQemu(path), model) === 0, 'QEMU reads something else')
            const { code, out } = await qemuImg('info', path)
            assert.equal(code, 0, out)
            rmSync(path)
          }),
          { numRuns: sequences, includeErrorInReport: true },
        ),
    )
  }
}
