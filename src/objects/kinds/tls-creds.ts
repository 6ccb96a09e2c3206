import { bool, oneOf, opt, str, struct } from '../../qapi/index.ts'
import { constant, remembered } from '../../qom/index.ts'
import type { TlsCredentials, TlsMaterial } from '../../transport/index.ts'
import { type MadeObject, type ObjectKind, refused } from '../object-kind.ts'
import { bytesOf, neededFile, optionalFile, readCertificates } from './certificate-files.ts'
import { versionsOf } from './tls-priority.ts'

const endpoints = oneOf('QCryptoTLSCredsEndpoint', ['client', 'server'])

const common = {
  'verify-peer': opt(bool, 'whether the other side has to say who it is'),
  dir: opt(str, 'the folder with the files'),
  endpoint: opt(endpoints, 'which side this is'),
  priority: opt(str, 'which versions are spoken, in the words of GnuTLS'),
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

/** Credentials that are certificates: read and looked through when they are made. */
export const tlsCredsX509: ObjectKind<X509Options> = {
  options: struct('TlsCredsX509Properties', {
    ...common,
    'sanity-check': opt(bool, 'whether the certificates are looked through'),
    passwordid: opt(str, 'the secret that opens the key'),
  }),
  make: (said, _id, others) => {
    const { passwordid, 'sanity-check': check = true, endpoint = 'client' } = said
    const password = (): string | undefined => {
      if (passwordid === undefined) return undefined
      const secret = others.password(passwordid) ?? refused(`No secret with id '${passwordid}'`)
      return Buffer.from(secret).toString()
    }
    const read = (): TlsMaterial => readCertificates({ folder: folderOf(said), endpoint, check, password })
    return {
      access: {
        ...commonAccess('tls-creds-x509', said),
        'sanity-check': remembered('sanity-check', bool, check),
        passwordid: remembered('passwordid', str, passwordid ?? ''),
      },
      ...loaded(said, read),
    }
  },
}

/** Credentials without names: whoever connects is taken. */
export const tlsCredsAnon: ObjectKind<CommonOptions> = {
  options: struct('TlsCredsAnonProperties', common),
  make: (said) => {
    const read = (): TlsMaterial => {
      const { dir, endpoint } = said
      const path = dir === undefined || endpoint !== 'server' ? undefined : optionalFile(dir, 'dh-params.pem')
      return { kind: 'anon', ...(path !== undefined && { dhParameters: bytesOf(path) }) }
    }
    const { reload: _, ...made } = loaded(said, read)
    return { access: commonAccess('tls-creds-anon', said), ...made }
  },
}

interface PskOptions extends CommonOptions {
  readonly username?: string
}

/** Credentials that are keys both sides have. */
export const tlsCredsPsk: ObjectKind<PskOptions> = {
  options: struct('TlsCredsPskProperties', { ...common, username: opt(str, 'whose key a client uses') }),
  make: (said) => {
    const { reload: _, ...made } = loaded(said, () => readKeys(said))
    return {
      access: {
        ...commonAccess('tls-creds-psk', said),
        username: remembered('username', str, said.username ?? ''),
      },
      ...made,
    }
  },
}

function commonAccess(type: string, said: CommonOptions): MadeObject['access'] {
  if (said.loaded !== undefined) refused(`Property '${type}.loaded' is not writable`)
  return {
    'verify-peer': remembered('verify-peer', bool, said['verify-peer'] ?? true),
    dir: remembered('dir', str, said.dir ?? ''),
    endpoint: remembered('endpoint', endpoints, said.endpoint ?? 'client'),
    priority: remembered('priority', str, said.priority ?? ''),
    loaded: constant(true),
  }
}

/** What is read when the object is made, and whenever it is asked to. */
function loaded(said: CommonOptions, read: () => TlsMaterial) {
  let material: TlsMaterial
  const credentials = (): TlsCredentials => ({
    endpoint: said.endpoint ?? 'client',
    verifyPeer: said['verify-peer'] ?? true,
    versions: versionsOf(said.priority),
    get material() {
      return material
    },
  })
  const load = (): void => {
    versionsOf(said.priority)
    material = read()
  }
  return { complete: load, reload: load, credentials } satisfies Partial<MadeObject>
}

function folderOf({ dir }: CommonOptions): string {
  return dir ?? refused("Missing 'dir' property value")
}

function readKeys(said: PskOptions): TlsMaterial {
  const { endpoint = 'client', username = 'qemu' } = said
  const path = neededFile(folderOf(said), 'keys.psk')
  const keys = new Map<string, Buffer>()
  for (const line of bytesOf(path).toString('latin1').split('\n')) {
    const colon = line.indexOf(':')
    const [name, text] = [line.slice(0, colon), line.slice(colon + 1).trim()]
    if (colon < 0 || name.startsWith('#') || keys.has(name)) continue
    const key = /^([0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : undefined
    if (key !== undefined) keys.set(name, key)
    else if (endpoint === 'client' && name === username) refused('Cannot set PSK client credentials: Error in parsing.')
  }
  if (endpoint === 'client' && !keys.has(username)) refused(`Username ${username} not found in PSK file ${path}`)
  return { kind: 'psk', keys, username }
}
