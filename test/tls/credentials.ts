import { execFile } from 'node:child_process'
import { appendFile, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Folders of credentials as QEMU's objects read them. */
export interface TestCredentials extends AsyncDisposable {
  readonly folder: string
  /** A server at localhost, with what clients need to know it by. */
  readonly server: string
  /** A client called `C=GB,O=Example\, Inc,CN=client1`. */
  readonly client: string
  /** Whose certificate somebody else has signed. */
  readonly stranger: string
  /** Who has none. */
  readonly bare: string
  /** The key of `qemu`, and another one of that name. */
  readonly keys: string
  readonly otherKeys: string
}

const ends = {
  server: { subject: '/C=GB/O=Example/CN=localhost', more: ['subjectAltName=DNS:localhost,IP:127.0.0.1'] },
  client: { subject: '/C=GB/O=Example, Inc/CN=client1', more: [] },
} as const

/** Makes them with openssl. */
export async function testCredentials(): Promise<TestCredentials> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-tls-'))
  const at = (name: string): string => join(folder, name)
  for (const name of ['server', 'client', 'stranger', 'bare', 'keys', 'other']) await mkdir(at(name))
  for (const authority of ['one', 'other']) await makeAuthority(folder, authority)
  await makeEnd(folder, 'one', 'server', 'server')
  await makeEnd(folder, 'one', 'client', 'client')
  await makeEnd(folder, 'other', 'client', 'stranger')
  for (const name of ['server', 'client', 'stranger', 'bare']) await copyFile(at('one.pem'), at(`${name}/ca-cert.pem`))
  await writeFile(at('keys/keys.psk'), 'alice:00\nqemu:0102030405060708090a0b0c0d0e0f10\n')
  await writeFile(at('other/keys.psk'), 'qemu:ff02030405060708090a0b0c0d0e0f10\n')
  return {
    folder,
    server: at('server'),
    client: at('client'),
    stranger: at('stranger'),
    bare: at('bare'),
    keys: at('keys'),
    otherKeys: at('other'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

async function makeAuthority(folder: string, name: string): Promise<void> {
  const usage = 'keyUsage=critical,keyCertSign'
  const files = ['-keyout', `${name}-key.pem`, '-out', `${name}.pem`]
  await openssl(folder, 'req', '-x509', ...newKey, ...files, '-days', '30', '-subj', `/CN=CA ${name}`, '-addext', usage)
}

async function makeEnd(folder: string, authority: string, end: 'server' | 'client', where: string): Promise<void> {
  const { subject, more } = ends[end]
  const [request, extensions] = [`${where}/${end}.csr`, `${where}/${end}.ext`]
  await openssl(
    folder,
    'req',
    '-new',
    ...newKey,
    '-keyout',
    `${where}/${end}-key.pem`,
    '-out',
    request,
    '-subj',
    subject,
  )
  const lines = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature,keyEncipherment',
    `extendedKeyUsage=${end}Auth`,
    ...more,
  ]
  await appendFile(join(folder, extensions), `${lines.join('\n')}\n`)
  const signed = ['-CA', `${authority}.pem`, '-CAkey', `${authority}-key.pem`, '-CAcreateserial', '-days', '30']
  const files = ['-in', request, '-out', `${where}/${end}-cert.pem`, '-extfile', extensions]
  await openssl(folder, 'x509', '-req', ...signed, ...files)
}

async function openssl(cwd: string, ...words: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', words, { cwd })
}
