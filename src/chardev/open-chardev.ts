import { accessSync, constants } from 'node:fs'
import type { FileSource } from '../descriptors/index.ts'
import { reasonText } from '../errno/index.ts'
import { type Duplex, openStdio, WireDuplex } from '../transport/index.ts'
import type { Chardev } from './chardev.ts'
import { ChardevError } from './chardev-error.ts'
import { DeviceLog } from './device-log.ts'
import type { SecuringObjects } from './enter.ts'
import { openInput } from './file-input.ts'
import { FileStore } from './file-store.ts'
import type { Backend, ChardevOptions } from './options.ts'
import { isPipe, openPipe, openPipeOut } from './pipe.ts'
import { PtyChardev } from './pty-chardev.ts'
import { RingChardev } from './ring-chardev.ts'
import { type ByteStore, SinkWire } from './sink-wire.ts'
import { SocketChardev } from './socket-chardev.ts'
import { StreamChardev } from './stream-chardev.ts'
import { openUdp } from './udp.ts'

const nothing: ByteStore = { put: (_bytes, taken) => taken() }

/** What a device is opened with, beside its options. */
export interface ChardevSurroundings {
  readonly signal?: AbortSignal | undefined
  /** Opens files whose names stand for descriptors that were passed. */
  readonly files?: FileSource | undefined
  /** Hears of what has failed and is tried again. */
  readonly complain?: ((text: string) => void) | undefined
  /** Finds what streams are secured with. */
  readonly securing?: SecuringObjects | undefined
  /** Finds a device that is to be shared, by its label; what comes back makes it one that is. */
  readonly base?: (label: string) => ((shared: string) => Chardev) | undefined
}

/**
 * Makes a character device: opens its file, listens, or connects.
 *
 * @throws {TransportError} if a socket cannot be had
 * @throws {ChardevError} `open`, if a file cannot be opened; `unsupported`, for a port of the host
 */
export async function openChardev(options: ChardevOptions, surroundings: ChardevSurroundings = {}): Promise<Chardev> {
  // QEMU makes the log before it looks at the device.
  const log = options.log === undefined ? undefined : new DeviceLog(options.log, surroundings.files)
  try {
    return await openLogged(options, log, surroundings)
  } catch (error) {
    log?.[Symbol.dispose]()
    throw error
  }
}

async function openLogged(
  { label, backend }: ChardevOptions,
  log: DeviceLog | undefined,
  { signal, files, base, complain, securing }: ChardevSurroundings,
): Promise<Chardev> {
  switch (backend.type) {
    case 'socket':
      return SocketChardev.open(label, backend, { signal, log, complain, securing })
    case 'stdio':
      return new StreamChardev(label, 'stdio', openStdio(backend), log)
    case 'pty':
      return new PtyChardev(label, log)
    case 'pipe':
      return new StreamChardev(label, 'pipe', openPipe(backend.path, files), log)
    case 'udp':
      return new StreamChardev(label, 'udp', await openUdp(backend.remote, backend.local), log)
    case 'ringbuf':
    case 'memory':
      return new RingChardev(label, backend, log)
    case 'mux':
      return shareDevice(label, backend.base, base)
    case 'serial':
    case 'parallel':
      return refuseHostPort(backend)
    case 'file':
      return new StreamChardev(label, 'file', openFile(backend, files), log)
    default:
      return new StreamChardev(label, backend.type, new WireDuplex(new SinkWire(nothing), { kind: 'sink' }), log)
  }
}

function openFile({ path, append, input }: Backend & { readonly type: 'file' }, files: FileSource | undefined): Duplex {
  if (input === undefined && isPipe(path)) return openPipeOut(path)
  const store = FileStore.open(path, append, files)
  try {
    return new WireDuplex(new SinkWire(store, input === undefined ? undefined : openInput(input, files)), {
      kind: 'sink',
    })
  } catch (error) {
    store.release()
    throw error
  }
}

function shareDevice(label: string, name: string, base: ChardevSurroundings['base']): Chardev {
  const device = base?.(name)
  if (device === undefined) throw new ChardevError('not-found', `mux: base chardev ${name} not found`)
  return device(label)
}

/** The port is looked at, as QEMU's complaint about one that is not there comes first. */
function refuseHostPort({ type, path }: Backend & { readonly type: 'serial' | 'parallel' }): never {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    throw new ChardevError('open', `Could not open '${path}': ${reasonText(error)}`, error)
  }
  throw new ChardevError('unsupported', `chardev: vmon has no '${type}' devices`)
}
