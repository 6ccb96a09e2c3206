import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { openDisk } from '../../index.ts'
import { qemuImg, temporaryFolder } from '../qcow2/image-fixture.ts'
import { luksHeaderBytes, parseLuksHeader } from './luks-header.ts'

const folder = temporaryFolder('luks')
const password = 'correct horse'
const secrets = { key: password }
const mebibyte = 2 ** 20
const secret = ['--object', `secret,id=key,data=${password}`]
const kinds = {
  luks: {
    options: { 'key-secret': 'key' },
    create: 'key-secret=key,iter-time=10',
    image: 'driver=luks,key-secret=key',
  },
  qcow2: {
    options: { 'encrypt.key-secret': 'key' },
    create:
      'encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10,cluster_size=4k' +
      ',encrypt.cipher-alg=aes-128,encrypt.hash-alg=sha512',
    image: 'driver=qcow2,encrypt.key-secret=key',
  },
} as const

async function ran(program: Promise<{ code: number; out: string }>): Promise<string> {
  const { code, out } = await program
  assert.equal(code, 0, out)
  return out
}

const empty = new Map<string, Promise<string>>()
let copies = 0

/** Has QEMU make an encrypted image, which takes it seconds: once for all. It fails when the system is busy. */
function makeEmpty(format: keyof typeof kinds): Promise<string> {
  const path = join(folder, format)
  const make = async (): Promise<string> => {
    const { code, out } = await qemuImg('create', '-q', ...secret, '-f', format, '-o', kinds[format].create, path, '3M')
    if (code === 0) return path
    if (out.includes('Unable to get accurate CPU usage')) return make()
    throw new Error(out)
  }
  const made = empty.get(format) ?? make()
  empty.set(format, made)
  return made
}

/** An encrypted image of QEMU's that holds these bytes. */
async function made(format: keyof typeof kinds, bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${format}${copies++}`)
  copyFileSync(await makeEmpty(format), path)
  writeFileSync(`${path}.raw`, bytes)
  const image = `${kinds[format].image},file.filename=${path}`
  await ran(qemuImg('convert', '-n', ...secret, '-f', 'raw', '--target-image-opts', `${path}.raw`, image))
  return path
}

async function readByQemu(format: keyof typeof kinds, path: string): Promise<Uint8Array> {
  const image = `${kinds[format].image},file.filename=${path}`
  await ran(qemuImg('convert', ...secret, '--image-opts', '-O', 'raw', image, `${path}.seen`))
  return readFileSync(`${path}.seen`)
}

const pattern = Uint8Array.from({ length: 3 * mebibyte }, (_, at) => (at * 7 + (at >> 9)) & 255)

describe('an image that LUKS has encrypted', { skip: missingProgram('qemu-img') }, () => {
  for (const format of ['luks', 'qcow2'] as const) {
    it(`is read as QEMU wrote it, and QEMU reads what we write: ${format}`, async () => {
      const path = await made(format, pattern)
      const expected = pattern.slice()
      {
        await using disk = await openDisk(path, { format, options: kinds[format].options, secrets })
        assert.equal(disk.length, pattern.length)
        assert.ok(Buffer.from(pattern).equals(await disk.read(0, pattern.length)))
        assert.ok(Buffer.from(await disk.read(100_001, 777)).equals(pattern.subarray(100_001, 100_778)))
        await Promise.all(
          Array.from({ length: 50 }, async (_, index) => {
            const [offset, length] = [index * 60_007, 1 + ((index * 997) % 40_000)]
            expected.fill(index, offset, offset + length)
            await disk.write(offset, new Uint8Array(length).fill(index))
          }),
        )
        expected.fill(0, 500_000, 900_000)
        await disk.writeZeroes(500_000, 400_000)
        assert.ok(Buffer.from(expected).equals(await disk.read(0, expected.length)))
      }
      assert.ok(Buffer.from(expected).equals(await readByQemu(format, path)))
      if (format === 'qcow2') {
        const image = `${kinds.qcow2.image},file.filename=${path}`
        await ran(qemuImg('check', ...secret, '--image-opts', image))
        await using disk = await openDisk(path, { format, options: kinds.qcow2.options, secrets })
        const { corruptions, leaks } = await disk.node.driver.check!()
        assert.deepEqual([corruptions, leaks], [0, 0])
      }
    })
  }

  it('grows over an image that is not encrypted, part of cluster by part of cluster', async () => {
    const base = join(folder, 'plain.raw')
    writeFileSync(base, pattern)
    const path = join(folder, 'over')
    copyFileSync(await makeEmpty('qcow2'), path)
    const image = `${kinds.qcow2.image},file.filename=${path}`
    await ran(qemuImg('rebase', ...secret, '--image-opts', '-u', '-b', base, '-F', 'raw', image))
    const expected = pattern.slice()
    {
      await using disk = await openDisk(path, { options: kinds.qcow2.options, secrets })
      expected.fill(9, 70_000, 70_100)
      await disk.write(70_000, new Uint8Array(100).fill(9))
      await disk.resize(4 * mebibyte)
      await disk.write(4 * mebibyte - 1, Uint8Array.of(5))
      assert.deepEqual([...(await disk.read(4 * mebibyte - 2, 2))], [0, 5])
    }
    const seen = await readByQemu('qcow2', path)
    assert.ok(Buffer.from(expected).equals(seen.subarray(0, expected.length)))
    assert.equal(seen.at(-1), 5)
  })

  it('tells what it is, as qemu-img does', async () => {
    for (const format of ['luks', 'qcow2'] as const) {
      const path = await made(format, pattern)
      await using disk = await openDisk(path, { format, options: kinds[format].options, secrets, readOnly: true })
      const { encrypted, formatSpecific } = await disk.details()
      assert.equal(encrypted, true)
      const image = `${kinds[format].image},file.filename=${path}`
      const info = JSON.parse(await ran(qemuImg('info', '-U', ...secret, '--output=json', '--image-opts', image)))
      assert.deepEqual(formatSpecific, info['format-specific'])
    }
  })

  const refusals: readonly (readonly [
    format: keyof typeof kinds,
    options: Readonly<Record<string, string>>,
    password: string,
    message: string,
  ])[] = [
    ['luks', {}, password, "Parameter 'key-secret' is required for cipher"],
    ['luks', { 'key-secret': 'other' }, password, "No secret with id 'other'"],
    ['luks', { 'key-secret': 'key' }, 'wrong', 'Invalid password, cannot unlock any keyslot'],
    ['qcow2', {}, password, "Parameter 'encrypt.key-secret' is required for cipher"],
    ['qcow2', { 'encrypt.key-secret': 'key' }, 'wrong', 'Invalid password, cannot unlock any keyslot'],
    [
      'qcow2',
      { 'encrypt.format': 'aes', 'encrypt.key-secret': 'key' },
      password,
      "Header reported 'luks' encryption format but options specify 'aes'",
    ],
  ]
  for (const [format, options, data, message] of refusals) {
    it(`is refused in QEMU's words: ${format}, ${message}`, async () => {
      const path = await made(format, pattern)
      await assert.rejects(openDisk(path, { format, options, secrets: { key: data } }), { message })
      const image = Object.entries({ driver: format, 'file.filename': path, ...options })
      const object = ['--object', `secret,id=key,data=${data}`]
      const words = image.map((pair) => pair.join('=')).join(',')
      const { out } = await qemuImg('info', ...object, '--image-opts', words)
      // qemu-img info leaves the key alone; a reader needs it.
      const read = await qemuImg('convert', ...object, '--image-opts', '-O', 'raw', words, `${path}.none`)
      assert.match(out + read.out, new RegExp(message))
    })
  }

  it('is refused or read, and nothing else, whatever its header says', async () => {
    const path = await made('luks', pattern)
    const whole = readFileSync(path)
    const spoilt = join(folder, 'spoilt')
    copyFileSync(path, spoilt)
    // The numbers of iterations are left alone: they are how long it takes.
    const numbers = [104, 108, 208, 248, 252, 300]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...numbers), fc.nat(2 ** 32 - 1), async (at, value) => {
        const bytes = Buffer.from(whole)
        bytes.writeUInt32BE(value, at)
        writeFileSync(spoilt, bytes)
        const opened = openDisk(spoilt, { format: 'luks', options: kinds.luks.options, secrets })
        await opened.then(
          (disk) => disk.close(),
          (error) => assert.equal(error.name, 'BlockError', error.stack),
        )
      }),
      { numRuns: 40 },
    )
  })
})

it('a header of LUKS is refused or parsed, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: luksHeaderBytes + 10 }), fc.boolean(), (bytes, begins) => {
      if (begins) bytes.set([0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe, 0, 1].slice(0, bytes.length))
      try {
        assert.equal(parseLuksHeader(bytes).slots.length, 8)
      } catch (error) {
        assert.equal((error as Error).name, 'BlockError')
      }
    }),
  )
})
