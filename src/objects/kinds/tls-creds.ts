import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { strerror } from '../../errno/index.ts'
import { bool, oneOf, opt, str, struct } from '../../qapi/index.ts'
import { constant, remembered } from '../../qom/index.ts'
import { type MadeObject, type ObjectKind, type OtherObjects, refused } from '../object-kind.ts'

const endpoints = oneOf('QCryptoTLSCredsEndpoint', ['client', 'server'])

const common = {
  'verify-peer': opt(bool, 'whether the other side has to say who it is'),
  dir: opt(str, 'the folder with the files'),
  endpoint: opt(endpoints, 'which side this is'),
  priority: opt(str, 'which ciphers are taken, in the words of GnuTLS'),
  loaded: opt(bool, 'nothing: they are loaded when they are there'),
}

interface CommonOptions {
  readonly 'verify-peer'?: boolean
  readonly dir?: string
  readonly endpoint?: 'client' | 'server'
  readonly priority?: string
  readonly loaded?: boolean
}

interface X509Options extends CommonOptions {
  readonly 'sanity-check'?: boolean
  readonly passwordid?: string
}

/** Credentials that are certificates: looked for and parsed when they are made. */
export const tlsCredsX509: ObjectKind<X509Options> = {
  options: struct('TlsCredsX509Properties', {
    ...common,
    'sanity-check': opt(bool, 'whether the certificates are looked through'),
    passwordid: opt(str, 'the secret that opens the key'),
  }),
  make: (said, _id, others) => ({
    access: {
      ...commonAccess('tls-creds-x509', said),
      'sanity-check': remembered('sanity-check', bool, said['sanity-check'] ?? true),
      passwordid: remembered('passwordid', str, said.passwordid ?? ''),
    },
    complete: () => checkCertificates(said, others),
  }),
}

/** Credentials without names: whoever connects is taken. */
export const tlsCredsAnon: ObjectKind<CommonOptions> = {
  options: struct('TlsCredsAnonProperties', common),
  make: (said) => ({ access: commonAccess('tls-creds-anon', said) }),
}

interface PskOptions extends CommonOptions {
  readonly username?: string
}

/** Credentials that are keys both sides have. */
export const tlsCredsPsk: ObjectKind<PskOptions> = {
  options: struct('TlsCredsPskProperties', { ...common, username: opt(str, 'whose key a client uses') }),
  make: (said) => ({
    access: {
      ...commonAccess('tls-creds-psk', said),
      username: remembered('username', str, said.username ?? ''),
    },
    complete: () => checkKeys(said),
  }),
}

function commonAccess(type: string, said: CommonOptions): MadeObject['access'] {
  if (said.loaded === true) refused(`Property '${type}.loaded' is not writable`)
  return {
    'verify-peer': remembered('verify-peer', bool, said['verify-peer'] ?? true),
    dir: remembered('dir', str, said.dir ?? ''),
    endpoint: remembered('endpoint', endpoints, said.endpoint ?? 'client'),
    priority: remembered('priority', str, said.priority ?? ''),
    loaded: constant(true),
  }
}

function checkCertificates({ dir, endpoint = 'client', passwordid }: X509Options, others: OtherObjects): void {
  const folder = dir ?? refused("Missing 'dir' property value")
  const authorities = credentials(folder, 'ca-cert.pem')
  const isServer = endpoint === 'server'
  const own = isServer ? credentials(folder, 'server-cert.pem') : `${folder}/client-cert.pem`
  if (isServer) credentials(folder, 'server-key.pem')
  if (!isCertificate(authorities)) refused(`Unable to import CA certificate list ${authorities}`)
  if (existsSync(own) && !isCertificate(own)) refused(`Unable to import ${endpoint} certificate ${own}`)
  if (passwordid !== undefined && others.password(passwordid) === undefined)
    refused(`No secret with id '${passwordid}'`)
}

function checkKeys({ dir, endpoint = 'client', username = 'qemu' }: PskOptions): void {
  const path = credentials(dir ?? refused("Missing 'dir' property value"), 'keys.psk')
  if (endpoint === 'server') return
  const lines = readFileSync(path, 'latin1').split('\n')
  const found = lines.some((line) => line.startsWith(`${username}:`))
  if (!found) refused(`Username ${username} not found in PSK file ${path}`)
}

/** The path of a file that has to be there. */
function credentials(folder: string, name: string): string {
  const path = `${folder}/${name}`
  if (!existsSync(path)) refused(`Unable to access credentials ${path}: ${strerror('ENOENT')}`)
  return path
}

function isCertificate(path: string): boolean {
  try {
    return new X509Certificate(readFileSync(path)).subject !== undefined
  } catch {
    return false
  }
}
