import type { ProtocolDefinition } from '../open/driver.ts'
import { file, hostDevice } from './file/open.ts'
import { http, https } from './http/open.ts'
import { nbd, nbdTcp, nbdUnix } from './nbd/open.ts'
import { nullAio, nullCo } from './null/open.ts'

const all: readonly ProtocolDefinition[] = [file, hostDevice, http, https, nbdTcp, nbdUnix, nbd, nullAio, nullCo]

/** The protocols of this version, by name. */
export const protocols: ReadonlyMap<string, ProtocolDefinition> = new Map(
  all.map((protocol) => [protocol.name, protocol]),
)

/** The same, by the prefix of a file name. */
export const protocolsByPrefix: ReadonlyMap<string, ProtocolDefinition> = new Map(
  all.map((protocol) => [protocol.prefix, protocol]),
)
