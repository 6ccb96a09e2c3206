import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MigrationError } from '../migration-error.ts'
import { type ReadBytes, type Section, SectionReader, SectionWriter } from './framing.ts'

async function written(sections: readonly Section[]): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const writer = new SectionWriter(async (...some) => void pieces.push(...some))
  await writer.begin()
  for (const section of sections) await writer.section(section)
  await writer.end()
  return Buffer.concat(pieces)
}

function reader(stream: Buffer): ReadBytes {
  let at = 0
  return async (length) => stream.subarray(at, (at += length))
}

async function read(stream: Buffer): Promise<Section[]> {
  const sections = new SectionReader(reader(stream))
  await sections.begin()
  const found: Section[] = []
  for (let section = await sections.next(); section !== undefined; section = await sections.next())
    found.push({ ...section, contents: Uint8Array.from(section.contents) })
  return found
}

const sample: readonly Section[] = [
  { name: 'machine', version: 1, contents: Uint8Array.of(1, 2, 3), optional: false },
  { name: 'note', version: 300, contents: new Uint8Array(0), optional: true },
  { name: 'ram', version: 1, contents: new Uint8Array(5000).fill(9), optional: false },
]

describe('a stream of sections', () => {
  it('is read as it was written', async () => {
    assert.deepEqual(await read(await written(sample)), sample)
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record(
            {
              name: fc.stringMatching(/^[a-z-]{1,20}$/),
              version: fc.nat(0xffff),
              contents: fc.uint8Array({ maxLength: 300 }),
              optional: fc.boolean(),
            },
            { noNullPrototype: true },
          ),
        ),
        async (sections) => assert.deepEqual(await read(await written(sections)), sections),
      ),
      { seed: 1, numRuns: 100 },
    )
  })

  it('begins as one of QEMU, and names a machine that no QEMU is', async () => {
    const stream = await written([])
    assert.equal(
      stream.subarray(0, 19).toString('hex'),
      `5145564d0000000307${'00000006'}${Buffer.from('vmon-2').toString('hex')}`,
    )
  })

  it('is refused wherever it is cut off, and wherever a bit is flipped', async () => {
    const stream = await written(sample)
    for (let length = 0; length < stream.length; length++)
      await assert.rejects(read(stream.subarray(0, length)), MigrationError, `${length} bytes`)
    for (let at = 0; at < stream.length; at++) {
      const spoilt = Buffer.from(stream)
      spoilt[at]! ^= 1 << (at % 8)
      await assert.rejects(read(spoilt), MigrationError, `byte ${at}`)
    }
  })

  it('is refused where a bit is flipped before its reader waits for what was never sent', async () => {
    const short = { name: 'ram', version: 1, contents: new Uint8Array(300).fill(9) }
    const stream = await written([...sample.slice(0, 2), short])
    for (let at = 0; at < stream.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const spoilt = Buffer.from(stream)
        spoilt[at]! ^= 1 << bit
        let next = 0
        const sections = new SectionReader(async (length) => {
          assert.ok(next + length <= spoilt.length, `waits: byte ${at}, bit ${bit}`)
          return spoilt.subarray(next, (next += length))
        })
        const all = async (): Promise<void> => {
          await sections.begin()
          while ((await sections.next()) !== undefined);
        }
        await assert.rejects(all(), MigrationError)
      }
  })

  it('is refused in clear words where it is no stream, or that of another program', async () => {
    const qemu = Buffer.concat([Buffer.from('QEVM\0\0\0\x03\x07\0\0\0\x0f'), Buffer.from('pc-i440fx-7.2\0\0')])
    await assert.rejects(read(qemu), { message: /^Machine type received is 'pc-i440fx-7.2/ })
    await assert.rejects(read(Buffer.from('something else')), { message: 'Not a migration stream' })
    await assert.rejects(read(Buffer.from('QEVM\0\0\0\x02....')), { message: 'Unsupported migration stream version' })
    await assert.rejects(read(Buffer.alloc(0)), { message: 'the stream ends too early' })
  })
})
