import assert from 'node:assert/strict'
import { copyFile, cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { missingProgram } from '../../test/oracle/peers.ts'
import { type TestCredentials, testCredentials } from '../../test/tls/credentials.ts'
import { fitsPattern } from './kinds/glob-pattern.ts'
import { toolObjects } from './tool-objects.ts'

const skip = missingProgram('openssl')
let made: TestCredentials
before(async () => {
  if (skip === false) made = await testCredentials()
})
after(() => made?.[Symbol.asyncDispose]())

function refusal(text: string): string {
  try {
    toolObjects([text])
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test('certificates that are not there, or not good, are named as by QEMU', { skip }, async () => {
  const dir = join(made.folder, 'bad')
  await cp(made.server, dir, { recursive: true })
  const text = `tls-creds-x509,id=t,endpoint=server,dir=${dir}`
  assert.equal(refusal(text), '')
  const [certificate, key, authority] = ['server-cert', 'server-key', 'ca-cert'].map((name) => `${dir}/${name}.pem`)
  await copyFile(`${made.client}/client-key.pem`, key!)
  assert.equal(
    refusal(text),
    `Cannot load certificate '${certificate}' & key '${key}': The certificate and the given key do not match.`,
  )
  await writeFile(key!, 'no key')
  assert.equal(
    refusal(text),
    `Cannot load certificate '${certificate}' & key '${key}': Base64 unexpected header error.`,
  )
  await rm(key!)
  assert.equal(refusal(text), `Unable to access credentials ${key}: No such file or directory`)
  await copyFile(`${made.server}/server-key.pem`, key!)
  await copyFile(join(made.folder, 'other.pem'), authority!)
  assert.equal(
    refusal(text),
    `Our own certificate ${certificate} failed validation against ${authority}: The certificate hasn't got a known issuer`,
  )
  assert.equal(refusal(`${text},sanity-check=off`), '')
  await copyFile(`${made.server}/server-cert.pem`, authority!)
  assert.equal(refusal(text), `The certificate ${authority} basic constraints do not show a CA`)
  await copyFile(`${made.server}/ca-cert.pem`, authority!)
  await copyFile(`${made.server}/ca-cert.pem`, certificate!)
  assert.equal(
    refusal(text),
    `The certificate ${certificate} basic constraints show a CA, but we need one for a server`,
  )
})

test('what is read again is used from then on; what is not good changes nothing', { skip }, async () => {
  const dir = join(made.folder, 'again')
  await cp(made.server, dir, { recursive: true })
  const objects = toolObjects([`tls-creds-x509,id=t,endpoint=server,dir=${dir}`, 'tls-creds-anon,id=a'])
  const credentials = objects.credentials('t', 'server')
  const before = credentials.material
  objects.reloadCredentials('t')
  assert.notEqual(credentials.material, before)
  const read = credentials.material
  await rm(`${dir}/ca-cert.pem`)
  assert.throws(() => objects.reloadCredentials('t'), /^QmpError: Unable to access credentials/)
  assert.equal(credentials.material, read)
  assert.throws(() => objects.reloadCredentials('a'), /tls-creds-anon doesn't support to reload TLS credential$/)
})

test('priorities that cannot be had are refused', () => {
  const anonymous = (priority: string): string => refusal(`tls-creds-anon,id=a,priority=${priority}`)
  assert.equal(anonymous('NORMAL:-VERS-TLS1.3:+ANON-DH'), '')
  assert.match(anonymous('NORMAL:-AES-128-CBC'), /^TLS priority .* cannot be had: '-AES-128-CBC' is not understood/)
  assert.match(anonymous('NORMAL:-VERS-ALL'), /leaves no version$/)
})

test("patterns are fnmatch()'s", () => {
  const cases: readonly (readonly [pattern: string, text: string, fits: boolean])[] = [
    ['*', '', true],
    ['a*c', 'abbc', true],
    ['a*c', 'abb', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[!a-c]x', 'dx', true],
    ['[]]', ']', true],
    ['[', '[', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a.b', 'axb', false],
    ['CN=(x)+$', 'CN=(x)+$', true],
  ]
  for (const [pattern, text, fits] of cases) assert.equal(fitsPattern(text, pattern), fits, `${pattern} ${text}`)
})
