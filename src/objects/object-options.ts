import { ThrottleGroupProperties } from '../block/index.ts'
import { type ObjectType, oneOf, req, str, union } from '../qapi/index.ts'
import { authzList, authzSimple } from './kinds/authz.ts'
import { filterDump } from './kinds/filter-dump.ts'
import { iothread } from './kinds/iothread.ts'
import { memoryBackendRam } from './kinds/memory-backend.ts'
import { memoryBackendFile } from './kinds/memory-backend-file.ts'
import { rngBuiltin, rngRandom } from './kinds/rng.ts'
import { secret } from './kinds/secret.ts'
import { tlsCredsAnon, tlsCredsPsk, tlsCredsX509 } from './kinds/tls-creds.ts'
import type { ObjectKind } from './object-kind.ts'

/** THE KINDS of objects that users can make, beside throttle groups. A kind is a file and a line here. */
export const objectKinds: Readonly<Record<string, ObjectKind>> = {
  'authz-list': authzList,
  'authz-simple': authzSimple,
  iothread,
  'memory-backend-file': memoryBackendFile,
  'memory-backend-ram': memoryBackendRam,
  'rng-builtin': rngBuiltin,
  'rng-random': rngRandom,
  secret,
  'tls-creds-anon': tlsCredsAnon,
  'tls-creds-psk': tlsCredsPsk,
  'tls-creds-x509': tlsCredsX509,
}

const branches: Readonly<Record<string, ObjectType<any>>> = {
  ...Object.fromEntries(Object.entries(objectKinds).map(([name, { options }]) => [name, options])),
  'filter-dump': filterDump(
    () => undefined,
    () => undefined,
  ).options,
  'throttle-group': ThrottleGroupProperties,
}

/** In alphabetical order. */
export const objectKindNames: readonly string[] = Object.keys(branches).sort()

/** An object as it is to be made. */
export interface ObjectOptions {
  readonly 'qom-type': string
  readonly id: string
  readonly [option: string]: unknown
}

export const ObjectOptions: ObjectType<ObjectOptions> = union('ObjectOptions', {
  base: { 'qom-type': req(oneOf('ObjectType', objectKindNames), 'kind of object'), id: req(str, 'name of the object') },
  discriminator: 'qom-type',
  branches,
}) as ObjectType<any>
