import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { DriveSet, driveFromOptions, openDisk } from '../../block/index.ts'
import { enterFolder, ours, same, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())
const secret = ['--object', 'secret,id=key,data=hello']

/** What QEMU reads from an image. */
function bytes(driver: string, key: string, filename: string): Buffer {
  const image = `driver=${driver},${key}=key,file.filename=${filename}`
  execFileSync('qemu-img', ['convert', ...secret, '--image-opts', '-O', 'raw', image, 'seen.raw'])
  return readFileSync('seen.raw')
}

writeFileSync('plain.raw', new Uint8Array(3 << 20).fill(7, 70_000, 200_000).fill(8, 3_000_000))

for (const [words, cipher] of [
  ['', 'aes xts-plain64 sha256'],
  ['cipher-alg=aes-128,cipher-mode=cbc,ivgen-alg=essiv,hash-alg=sha512', 'aes cbc-essiv:sha256 sha512'],
  ['cipher-mode=cbc,ivgen-alg=plain,hash-alg=ripemd160', 'aes cbc-plain ripemd160'],
  ['cipher-alg=aes-128,cipher-mode=cbc,ivgen-alg=essiv,ivgen-hash-alg=md5', 'aes cbc-essiv:md5 sha256'],
] as const) {
  test(`images that are encrypted are made as QEMU makes them: ${cipher}`, { skip }, async () => {
    const options = ['key-secret=key', 'iter-time=10', ...(words === '' ? [] : [words])].join(',')
    const made = await ours('convert', ...secret, '-O', 'luks', '-o', options, 'plain.raw', 'a.luks')
    assert.deepEqual(made, { status: 0, out: '', error: '' })
    assert.deepEqual(bytes('luks', 'key-secret', 'a.luks'), readFileSync('plain.raw'))
    const header = readFileSync('a.luks').subarray(0, 104)
    const texts = [8, 40, 72].map((at) => header.subarray(at, header.indexOf(0, at)).toString())
    assert.equal(texts.join(' '), cipher)
    const image = 'driver=luks,key-secret=key,file.filename=a.luks'
    await same('info', ...secret, '--image-opts', '--output=json', image)

    const inside = options.replaceAll(/(^|,)/g, '$1encrypt.')
    const qcow2 = ['-O', 'qcow2', '-o', `encrypt.format=luks,${inside},cluster_size=4k`]
    assert.equal((await ours('convert', ...secret, ...qcow2, 'plain.raw', 'a.qcow2')).status, 0)
    assert.deepEqual(bytes('qcow2', 'encrypt.key-secret', 'a.qcow2'), readFileSync('plain.raw'))
    const encrypted = 'driver=qcow2,encrypt.key-secret=key,file.filename=a.qcow2'
    await same('check', ...secret, '--image-opts', encrypted)
    await same('info', ...secret, '--image-opts', '--output=json', encrypted)
    for (const image of ['a.luks', 'a.qcow2']) await same('info', image)
    await same('map', ...secret, '--image-opts', '--output=json', encrypted)
  })
}

test('what cannot be encrypted is refused in the words of QEMU, and so is who says too little', { skip }, async () => {
  for (const words of [
    [],
    ['-o', 'key-secret=other'],
    ['-o', 'key-secret=key,cipher-alg=foo'],
    ['-o', 'key-secret=key,cipher-alg=3des'],
    ['-o', 'key-secret=key,cipher-mode=bla'],
    ['-o', 'key-secret=key,ivgen-alg=x'],
    ['-o', 'key-secret=key,ivgen-hash-alg=x'],
    ['-o', 'key-secret=key,hash-alg=x'],
    ['-o', 'key-secret=key,ivgen-alg=essiv,ivgen-hash-alg=sha1,iter-time=10'],
    ['-o', 'key-secret=key,iter-time=x'],
    ['-o', 'key-secret=key,foo=1'],
    ['-b', 'plain.raw', '-F', 'raw', '-o', 'key-secret=key'],
  ]) {
    await sameRefusal('create', ...secret, '-f', 'luks', ...words, 'new', '1M')
  }
  for (const options of [
    'encrypt.format=luks',
    'encrypt.format=bla',
    'encrypt.format=aes',
    'encrypt.format=aes,encrypt.key-secret=key,encrypt.iter-time=10',
    'encrypt.key-secret=key',
    'encryption=off,encrypt.key-secret=key',
    'encryption=on,encrypt.format=luks,encrypt.key-secret=key',
    'encrypt.format=luks,encrypt.key-secret=key,encrypt.hash-alg=x',
  ]) {
    await sameRefusal('create', ...secret, '-f', 'qcow2', '-o', options, 'new', '1M')
  }
})

/** Nothing is made, and the same is said of it. */
async function sameRefusal(...argv: string[]): Promise<void> {
  const expected = theirs(...argv)
  assert.notEqual(expected.status, 0, argv.join(' '))
  assert.deepEqual(await ours(...argv), expected, argv.join(' '))
}

test('the sizes of encrypted images are told before they are made', { skip }, async () => {
  await same('measure', ...secret, '-O', 'luks', '-o', 'key-secret=key', '--size', '10M')
  await same('measure', '-O', 'luks', '--size', '10M')
  const options = 'encrypt.format=luks,encrypt.key-secret=key,cluster_size=4k'
  await same('measure', ...secret, '-O', 'qcow2', '-o', options, '--size', '10M')
  await same('measure', ...secret, '-O', 'qcow2', '-o', options, 'plain.raw')
  await same('measure', '-O', 'qcow2', '-o', options, 'plain.raw')
})

test('an encrypted image grows, and its clusters have their places beforehand if that is wanted', {
  skip,
}, async () => {
  const options = 'encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10,preallocation=metadata'
  const made = await ours('create', ...secret, '-f', 'qcow2', '-o', options, 'placed.qcow2', '3M')
  assert.equal(made.status, 0, made.error)
  assert.equal(
    made.out,
    theirs('create', ...secret, '-f', 'qcow2', '-o', options, 'other.qcow2', '3M').out.replace('other', 'placed'),
  )
  const image = 'driver=qcow2,encrypt.key-secret=key,file.filename=placed.qcow2'
  await same('check', ...secret, '--image-opts', image)
  assert.equal((await ours('resize', ...secret, '--image-opts', image, '4M')).status, 0)
  await same('check', ...secret, '--image-opts', image)
  assert.equal(bytes('qcow2', 'encrypt.key-secret', 'placed.qcow2').length, 4 << 20)
})

test('images that were encrypted before LUKS are made, read and written as QEMU does it', { skip }, async () => {
  const options = ['-O', 'qcow2', '-o', 'encrypt.format=aes,encrypt.key-secret=key,cluster_size=4k']
  assert.deepEqual((await ours('convert', ...secret, ...options, 'plain.raw', 'ours.qcow2')).error, '')
  assert.deepEqual(theirs('convert', ...secret, ...options, 'plain.raw', 'theirs.qcow2').error, '')
  const image = (name: string): string => `driver=qcow2,encrypt.key-secret=key,file.filename=${name}`
  assert.deepEqual(bytes('qcow2', 'encrypt.key-secret', 'ours.qcow2'), readFileSync('plain.raw'))
  await same('compare', ...secret, '--image-opts', image('theirs.qcow2'), image('ours.qcow2'))
  await same('check', ...secret, '--image-opts', image('ours.qcow2'))
  await same('info', 'ours.qcow2')
  await same('info', '--output=json', 'theirs.qcow2')

  const secrets = { key: 'hello' }
  const expected = readFileSync('plain.raw')
  {
    await using disk = await openDisk('theirs.qcow2', { options: { 'encrypt.key-secret': 'key' }, secrets })
    for (const [offset, length] of [
      [1000, 30_000],
      [2_000_001, 5],
      [1_500_000, 9000],
    ] as const) {
      expected.fill(3, offset, offset + length)
      await disk.write(offset, new Uint8Array(length).fill(3))
    }
  }
  assert.deepEqual(bytes('qcow2', 'encrypt.key-secret', 'theirs.qcow2'), expected)
})

test('a machine does not have them', { skip }, async () => {
  const options = 'encrypt.format=aes,encrypt.key-secret=key'
  assert.equal((await ours('create', '-q', ...secret, '-f', 'qcow2', '-o', options, 'old.qcow2', '1M')).status, 0)
  const drives = new DriveSet({ secret: () => Buffer.from('hello') })
  const drive = { file: 'old.qcow2', format: 'qcow2', 'encrypt.key-secret': 'key' }
  await assert.rejects(drives.add(driveFromOptions(drive)), {
    message: 'Use of AES-CBC encrypted qcow2 images is no longer supported in system emulators',
  })
  await drives.close()
})
