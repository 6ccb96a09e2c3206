import { openStdio, WireDuplex } from '../transport/index.ts'
import type { Chardev } from './chardev.ts'
import { FileStore } from './file-store.ts'
import type { Backend, ChardevOptions } from './options.ts'
import { openPipe } from './pipe.ts'
import { PtyChardev } from './pty-chardev.ts'
import { RingStore } from './ring-store.ts'
import { type ByteStore, SinkWire } from './sink-wire.ts'
import { SocketChardev } from './socket-chardev.ts'
import { StreamChardev } from './stream-chardev.ts'

const nothing: ByteStore = { put: (_bytes, taken) => taken() }

/**
 * Makes a character device: opens its file, listens, or connects.
 *
 * @throws {TransportError} if a socket cannot be had
 * @throws {ChardevError} `open`, if a file cannot be opened
 */
export async function openChardev({ label, backend }: ChardevOptions, signal?: AbortSignal): Promise<Chardev> {
  if (backend.type === 'socket') return SocketChardev.open(label, backend, signal)
  if (backend.type === 'stdio') return new StreamChardev(label, 'stdio', openStdio(backend))
  if (backend.type === 'pty') return new PtyChardev(label)
  if (backend.type === 'pipe') return new StreamChardev(label, 'pipe', openPipe(backend.path))
  const stream = new WireDuplex(new SinkWire(storeOf(backend)), { kind: 'sink' })
  return new StreamChardev(label, backend.type, stream)
}

function storeOf(backend: Backend & { readonly type: 'file' | 'ringbuf' | 'null' | 'vc' }): ByteStore {
  if (backend.type === 'file') return new FileStore(backend.path, backend.append)
  if (backend.type === 'ringbuf') return new RingStore(backend.size)
  return nothing
}
