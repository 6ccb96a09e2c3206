import type { OptionValues } from '../../block/index.ts'
import { parseUint64 } from '../../keyval/index.ts'
import { defaultPort, longestName } from '../../nbd/index.ts'
import type { SocketAddress } from '../../transport/index.ts'
import { Arguments } from '../arguments.ts'
import { type CacheWords, readCache } from '../img/open.ts'
import { readSnapshotName, type SnapshotName } from '../img/snapshot-name.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import { firstInherited } from './inherited-sockets.ts'

/** What `vmon nbd` is to do. */
export type NbdTask = NbdOptions | ListOptions

/** Tell which exports another server has. */
export interface ListOptions {
  readonly task: 'list'
  readonly args: Arguments
  readonly address: SocketAddress
  readonly tls: { readonly creds: string; readonly hostname: string | undefined } | undefined
}

/** Let clients use an image. */
export interface NbdOptions {
  readonly task: 'serve'
  readonly args: Arguments
  readonly filename: string
  readonly format: string | undefined
  readonly imageOptions: boolean
  readonly readOnly: boolean
  /** What clients write goes to a file that nobody keeps. */
  readonly throwaway: boolean
  readonly cache: CacheWords
  readonly nodeOptions: OptionValues
  readonly snapshot: SnapshotName | undefined
  /** Bytes. */
  readonly offset: number
  readonly name: string
  readonly description: string | undefined
  readonly allocationDepth: boolean
  /** Names of dirty bitmaps that clients may read, in the order in which they see them. */
  readonly bitmaps: readonly string[]
  readonly address: SocketAddress
  /** 0 for any number. */
  readonly shared: number
  readonly persistent: boolean
  readonly fork: boolean
  readonly pidFile: string | undefined
  readonly verbose: boolean
  /** Ids of objects: what streams are secured with, and who says who may come. */
  readonly tls: { readonly creds: string; readonly authz: string | undefined } | undefined
}

const known =
  'V:version p:port= b:bind= k:socket= e:shared= t:persistent v:verbose x:export-name= D:description= fork pid-file= ' +
  'f:format= r:read-only n:nocache cache= aio= discard= detect-zeroes= image-opts o:offset= A:allocation-depth ' +
  'l:load-snapshot= object= s:snapshot B:bitmap= c:connect= d:disconnect L:list tls-creds= tls-hostname= tls-authz= T:trace= selinux-label='

/** What qemu-nbd does, and this program does not. */
const absent: Readonly<Record<string, string>> = {
  c: 'Kernel /dev/nbdN support not available',
  d: 'Kernel /dev/nbdN support not available',
  'selinux-label': '--selinux-label is not available',
}

/** Options that say something of an image, or of how it is shown: there is none where exports are listed. */
const ofImages = ['x', 'D', 'o', 'f', 'l', 'A', 'B', 'aio', 'discard', 'cache', 'n']

/**
 * Reads the command line.
 *
 * @param inherited - how many sockets this process was given to listen on (`LISTEN_FDS`)
 * @throws {ProgramError} in QEMU's words, {HelpWanted}
 */
export function readNbdTask(argv: readonly string[], inherited = 0): NbdTask {
  const args = new Arguments(argv, known, 'nbd')
  const discard = readDiscard(args.value('discard'))
  const zeroes = readDetectZeroes(args.value('detect-zeroes'), discard)
  const socket = args.value('k')
  if (socket !== undefined && !socket.startsWith('/')) throw new ProgramError('socket path must be absolute')
  const aio = args.value('aio')
  if (aio !== undefined && !['native', 'threads', 'io_uring'].includes(aio))
    throw new ProgramError(`Invalid aio mode '${aio}'`)
  const [name, description] = [args.value('x') ?? '', args.value('D')]
  if (Buffer.byteLength(name) > longestName) throw new ProgramError(`export name '${name}' too long`)
  if (Buffer.byteLength(description ?? '') > longestName) {
    throw new ProgramError(`export description '${description}' too long`)
  }
  const settings = {
    snapshot: readSnapshotName(args.value('l')),
    offset: readOffset(args.value('o')),
    shared: readShared(args.value('e')),
    cache: readCacheMode(args),
  }
  if (inherited > 0) checkInherited(args, inherited)
  for (const [option] of args.options) if (absent[option] !== undefined) throw new ProgramError(absent[option])
  if (args.has('L')) return readList(args)
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Invalid number of arguments')
  const tls = readTls(args)
  return {
    task: 'serve',
    ...settings,
    args,
    filename,
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    readOnly: args.has('r') || settings.snapshot !== undefined,
    throwaway: args.has('s'),
    nodeOptions: {
      ...(discard !== undefined && { discard }),
      ...(zeroes !== undefined && { 'detect-zeroes': zeroes }),
    },
    name,
    description,
    allocationDepth: args.has('A'),
    bitmaps: args.values('B').reverse(),
    address: inherited > 0 ? { type: 'fd', str: String(firstInherited) } : addressOf(args),
    persistent: args.has('t'),
    fork: args.has('fork'),
    pidFile: args.value('pid-file'),
    verbose: args.has('v'),
    tls,
  }
}

/** @throws {ProgramError} in QEMU's words */
function readList(args: Arguments): ListOptions {
  if (args.operands.length > 0) throw new ProgramError('List mode is incompatible with a file name')
  if (ofImages.some((option) => args.has(option))) {
    throw new ProgramError('List mode is incompatible with per-device settings')
  }
  if (args.has('fork')) throw new ProgramError('List mode is incompatible with forking')
  const tls = readTls(args)
  const hostname = args.value('tls-hostname') ?? args.value('b')
  return { task: 'list', args, address: addressOf(args), tls: tls && { creds: tls.creds, hostname } }
}

/** @throws {ProgramError} in QEMU's words, if the place to listen is said twice */
function checkInherited(args: Arguments, inherited: number): void {
  for (const [option, what] of [
    ['k', "Unix socket can't be set when using socket activation"],
    ['b', "The interface can't be set when using socket activation"],
    ['p', "TCP port number can't be set when using socket activation"],
    ['L', 'List mode is incompatible with socket activation'],
    ['fork', '--fork is not available when using socket activation'],
  ] as const) {
    if (args.has(option)) throw new ProgramError(what)
  }
  if (inherited > 1) throw new ProgramError('vmon nbd does not support socket activation with LISTEN_FDS > 1')
}

/** @throws {ProgramError} in QEMU's words */
function readTls(args: Arguments): NbdOptions['tls'] {
  const [creds, authz, hostname] = [args.value('tls-creds'), args.value('tls-authz'), args.value('tls-hostname')]
  if (creds !== undefined) {
    if (authz !== undefined && args.has('L'))
      throw new ProgramError('TLS authorization is incompatible with export list')
    if (hostname !== undefined && !args.has('L')) {
      throw new ProgramError('TLS hostname is only supported with export list')
    }
    return { creds, authz }
  }
  if (authz !== undefined) throw new ProgramError('--tls-authz is not permitted without --tls-creds')
  if (hostname !== undefined) throw new ProgramError('--tls-hostname is not permitted without --tls-creds')
  return undefined
}

function addressOf(args: Arguments): SocketAddress {
  const socket = args.value('k')
  return socket === undefined ? tcpAddress(args) : { type: 'unix', path: socket }
}

/** Unlike qemu-nbd it listens for nobody from outside unless told to. */
function tcpAddress(args: Arguments): SocketAddress {
  return { type: 'inet', host: args.value('b') ?? 'localhost', port: args.value('p') ?? String(defaultPort) }
}

function readCacheMode(args: Arguments): CacheWords {
  const mode = args.value('cache')
  if (mode !== undefined && args.has('n')) throw new ProgramError('-n and --cache can only be specified once')
  if (args.has('n')) return 'none'
  try {
    return readCache(mode, 'cache mode') ?? 'writeback'
  } catch {
    throw new ProgramError(`Invalid cache mode \`${mode}'`)
  }
}

function readDiscard(word: string | undefined): 'unmap' | 'ignore' | undefined {
  if (word === undefined) return undefined
  if (word === 'unmap' || word === 'on') return 'unmap'
  if (word === 'ignore' || word === 'off') return 'ignore'
  throw new ProgramError(`Invalid discard mode \`${word}'`)
}

function readDetectZeroes(word: string | undefined, discard: string | undefined): string | undefined {
  if (word === undefined) return undefined
  if (!['off', 'on', 'unmap'].includes(word)) {
    throw new ProgramError(`Failed to parse detect_zeroes mode: invalid parameter value: ${word}`)
  }
  if (word === 'unmap' && discard !== 'unmap') {
    throw new ProgramError('setting detect-zeroes to unmap is not allowed without setting discard operation to unmap')
  }
  return word
}

function readOffset(text: string | undefined): number {
  if (text === undefined) return 0
  const bytes = parseUint64(text)
  if (typeof bytes === 'bigint' && bytes >= 0n && bytes < 2n ** 53n) return Number(bytes)
  throw new ProgramError(`Invalid offset '${text}'`)
}

function readShared(text: string | undefined): number {
  if (text === undefined) return 1
  if (/^\d+$/.test(text) && Number(text) < 2 ** 31) return Number(text)
  throw new ProgramError(`Invalid shared device number '${text}'`)
}

/** @throws {ProgramError} if the image ends before the part begins */
export function checkedWindow(length: number, offset: number): { readonly offset: number; readonly length: number } {
  if (offset > length) {
    throw new ProgramError(`Offset (${offset}) cannot be greater than size of the containing file (${length})`)
  }
  const rest = length - offset
  return { offset, length: rest - (rest % 512) }
}
