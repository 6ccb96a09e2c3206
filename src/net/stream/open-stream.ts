import { type Address, connectTo, type Duplex, type Listener, listenAt } from '../../transport/index.ts'
import type { NetBackend } from '../backend.ts'
import type { NetClient } from '../net-client.ts'
import type { StreamOptions } from '../netdev-options.ts'
import { DuplexEnd } from './duplex-end.ts'

/** With whom a stream speaks now; undefined: with nobody any more. */
export type StreamAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'inet'; readonly host: string; readonly port: string; readonly ipv4?: true; readonly ipv6?: true }
  | { readonly type: 'fd'; readonly str: string }

export type StreamChanged = (netdev: string, peer: StreamAddress | undefined) => void

/**
 * Frames to and from another program by a stream (`-netdev stream`). One that cannot be had is not refused: it says
 * `connection error`, as QEMU's does.
 */
export async function openStream(
  client: NetClient,
  { addr, server = false }: StreamOptions,
  changed: StreamChanged,
): Promise<NetBackend> {
  const end = new DuplexEnd(client)
  client.end = end
  const abort = new AbortController()
  const { signal } = abort
  let listener: Listener | undefined
  const use = (stream: Duplex): void => {
    if (signal.aborted) {
      stream.destroy()
      return
    }
    // Who else comes waits until this one has gone.
    listener?.pause()
    const peer = peerOf(addr, stream.remote)
    client.info = () => textOf(peer)
    changed(client.name, peer)
    end.use(stream, () => {
      client.info = () => ''
      changed(client.name, undefined)
      listener?.resume()
    })
  }
  const failed = (): void => {
    client.info = () => 'connection error'
  }
  if (server) {
    try {
      listener = await listenAt(addr, { signal, accept: use })
    } catch {
      failed()
    }
  } else void connectTo(addr, { signal }).then(use, failed)
  return {
    close: () => {
      abort.abort()
      void listener?.close()
      end.close()
    },
  }
}

function peerOf(asked: StreamOptions['addr'], remote: Address | undefined): StreamAddress {
  if (asked.type === 'unix') return { type: 'unix', path: asked.path }
  if (remote?.type === 'inet') {
    const family = remote.ipv6 ? { ipv6: true as const } : { ipv4: true as const }
    return { type: 'inet', host: remote.host, port: String(remote.port), ...family }
  }
  if (remote?.type === 'unix') return { type: 'unix', path: remote.path }
  return { type: 'fd', str: asked.type === 'fd' ? asked.str : '' }
}

function textOf(peer: StreamAddress): string {
  if (peer.type === 'unix') return `unix:${peer.path}`
  if (peer.type === 'fd') return `fd:${peer.str}`
  return peer.ipv6 === true ? `tcp:[${peer.host}]:${peer.port}` : `tcp:${peer.host}:${peer.port}`
}
