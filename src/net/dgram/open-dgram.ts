import type { NetBackend } from '../backend.ts'
import type { NetClient } from '../net-client.ts'
import { NetError } from '../net-error.ts'
import type { DgramOptions } from '../netdev-options.ts'
import { openDatagrams, openGroup } from '../socket/open-socket.ts'

type Address = NonNullable<DgramOptions['local']>

/** Frames as datagrams (`-netdev dgram`). @throws {NetError} kind `refused`, in QEMU's words */
export async function openDgram(client: NetClient, { local, remote }: DgramOptions): Promise<NetBackend> {
  const group = remote?.type === 'inet' && isGroup(remote.host)
  if (local === undefined && !group) throw refused('dgram requires local= parameter')
  if (remote === undefined && local?.type !== 'fd') throw refused('type=inet or type=unix requires remote parameter')
  if (local !== undefined && remote !== undefined && local.type !== remote.type)
    throw refused('remote and local types must be the same')
  if (remote?.type !== 'inet' || (local !== undefined && local.type !== 'inet'))
    throw refused('datagrams go by inet alone here')
  const target = targetOf(remote)
  if (group) return openGroup(client, target, local?.host)
  return openDatagrams(client, { local: targetOf(local as typeof remote), remote: target })
}

function targetOf({ host, port }: Extract<Address, { readonly type: 'inet' }>): { address: string; port: number } {
  const number = Number(port)
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw refused(`port number '${port}' is invalid`)
  return { address: host === '' ? '0.0.0.0' : host, port: number }
}

function isGroup(host: string): boolean {
  const first = /^(\d+)\.\d+\.\d+\.\d+$/.exec(host)?.[1]
  return first !== undefined && Number(first) >= 224 && Number(first) < 240
}

const refused = (message: string): NetError => new NetError('refused', message)
