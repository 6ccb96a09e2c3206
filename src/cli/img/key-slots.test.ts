import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, same, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())
const secrets = ['a', 'b', 'c'].flatMap((data) => ['--object', `secret,id=${data},data=password ${data}`])

const kinds = {
  luks: { prefix: '', create: '' },
  qcow2: { prefix: 'encrypt.', create: 'encrypt.format=luks,' },
} as const

for (const [format, { prefix, create }] of Object.entries(kinds)) {
  const options = (words: string): string[] => ['-o', words.replaceAll(/(^|,)/g, `$1${prefix}`)]
  const image = (file: string, key = 'a'): string => `driver=${format},${prefix}key-secret=${key},file.filename=${file}`
  const amend = (words: string, ...more: string[]): string[] => ['amend', ...secrets, ...more, ...options(words)]

  /** Which passwords open an image, by QEMU. */
  const openers = (file: string): string =>
    ['a', 'b', 'c']
      .filter((key) => {
        const words = [...secrets, '-c', 'read -P 7 0 64k', '--image-opts', image(file, key)]
        return spawnSync('qemu-io', words).status === 0
      })
      .join('')

  const make = (file: string): void => {
    const words = `${create}${prefix}key-secret=a,${prefix}iter-time=10`
    theirs('create', '-q', ...secrets, '-f', format, '-o', words, file, '1M')
    execFileSync('qemu-io', [...secrets, '-c', 'write -P 7 0 64k', '--image-opts', image(file)])
  }

  test(`a password gets a slot of a ${format} image, and another one loses its own, for QEMU too`, {
    skip,
  }, async () => {
    make(`ours.${format}`)
    copyFileSync(`ours.${format}`, `theirs.${format}`)
    const steps: readonly (readonly [words: readonly string[], key: string, opens: string])[] = [
      [amend('state=active,new-secret=b,iter-time=10'), 'a', 'ab'],
      [amend('state=active,new-secret=c,iter-time=10,keyslot=5'), 'b', 'abc'],
      [amend('state=inactive,old-secret=a'), 'b', 'bc'],
      [amend('state=inactive,keyslot=5'), 'b', 'b'],
      [amend('state=active,new-secret=a,keyslot=1,iter-time=10', '--force'), 'b', 'a'],
      [amend('state=inactive,keyslot=1', '--force'), 'a', ''],
    ]
    for (const [words, key, opens] of steps) {
      const done = await ours(...words, '--image-opts', image(`ours.${format}`, key))
      assert.deepEqual(done, { status: 0, out: '', error: '' }, words.join(' '))
      assert.equal(theirs(...words, '--image-opts', image(`theirs.${format}`, key)).status, 0)
      assert.equal(openers(`ours.${format}`), opens, words.join(' '))
      const slots = [`ours.${format}`, `theirs.${format}`].map((file) => {
        const told = JSON.parse(theirs('info', '--output=json', file).out)['format-specific'].data
        return (told.encrypt ?? told).slots.map(({ active }: { active: boolean }) => active)
      })
      assert.deepEqual(slots[0], slots[1])
    }
  })

  test(`what cannot become of the slots of a ${format} image is refused in the words of QEMU`, { skip }, async () => {
    make(`r.${format}`)
    for (const words of [
      'iter-time=10',
      'state=x',
      'state=active',
      'state=active,new-secret=nope',
      'state=active,new-secret=b,keyslot=9',
      'state=active,new-secret=b,keyslot=-1',
      'state=active,new-secret=b,keyslot=0',
      'state=active,new-secret=b,old-secret=a',
      'state=active,new-secret=b,iter-time=x',
      'state=inactive',
      'state=inactive,new-secret=b',
      'state=inactive,iter-time=3',
      'state=inactive,keyslot=8',
      'state=inactive,keyslot=-1',
      'state=inactive,keyslot=3',
      'state=inactive,keyslot=0',
      'state=inactive,old-secret=nope',
      'state=inactive,old-secret=a',
      'state=inactive,old-secret=b',
      'state=inactive,old-secret=b,keyslot=0',
      'state=inactive,old-secret=a,keyslot=3',
      'bogus=1',
    ]) {
      await same(...amend(words), '--image-opts', image(`r.${format}`))
    }
    for (const [time, text] of [
      ['1000000000000', /^vmon: PBKDF iterations \d+ larger than 4294967295: Numerical result out of range\n/],
      ['9223372036854775807', /^vmon: PBKDF iterations \d+ too large to scale: Numerical result out of range\n/],
    ] as const) {
      const words = amend(`state=active,new-secret=b,iter-time=${time}`)
      const { status, error } = await ours(...words, '--image-opts', image(`r.${format}`))
      assert.equal(status, 1)
      assert.match(error.replace(/^[^:]*/, 'vmon'), text)
    }
    assert.equal(openers(`r.${format}`), 'a')
    await same('amend', '-f', format, '-o', 'help')
  })
}

test('key material outside of the extension header is neither read nor written', { skip }, async () => {
  theirs(
    'create',
    '-q',
    ...secrets,
    '-f',
    'qcow2',
    '-o',
    `encrypt.format=luks,encrypt.key-secret=a,encrypt.iter-time=10`,
    'h.qcow2',
    '1M',
  )
  const whole = readFileSync('h.qcow2')
  const place = whole.indexOf(Buffer.from('0537be77', 'hex')) + 8
  const header = Number(whole.readBigUInt64BE(place))
  const image = 'driver=qcow2,encrypt.key-secret=a,file.filename=h.qcow2'
  const far = Buffer.from(whole)
  far.writeUInt32BE(0x100000, header + 104)
  far.writeUInt32BE(0x2000, header + 208 + 7 * 48 + 40)
  writeFileSync('h.qcow2', far)
  const change = ['amend', ...secrets, '--force', '--image-opts', image, '-o']
  await same(...change, 'encrypt.state=active,encrypt.new-secret=b,encrypt.keyslot=7,encrypt.iter-time=10')
  await same(...change, 'encrypt.state=inactive,encrypt.keyslot=7')
  assert.ok(readFileSync('h.qcow2').equals(far))
  const short = Buffer.from(whole)
  short.writeBigUInt64BE(8192n, place + 8)
  writeFileSync('h.qcow2', short)
  await same('convert', ...secrets, '--image-opts', image, 'h.raw')
})

test('an image that is not encrypted has no slots', { skip }, async () => {
  theirs('create', '-q', '-f', 'qcow2', 'plain.qcow2', '1M')
  theirs('create', '-q', '-f', 'raw', 'plain.raw', '1M')
  await same('amend', '-f', 'qcow2', '-o', 'encrypt.state=active', 'plain.qcow2')
  await same('amend', '-f', 'raw', '-o', 'state=active', 'plain.raw')
})
