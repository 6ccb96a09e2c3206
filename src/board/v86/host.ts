import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Deferred, deferred } from '../../async/index.ts'
import type {
  Board,
  BoardConfig,
  BoardHost,
  BoardState,
  CpuRegisters,
  CpuStatus,
  DriveSlot,
  Keyboard,
  Medium,
  PciFunction,
  Pointers,
  Screen,
  SerialPort,
  TrayView,
} from '../board.ts'
import { BoardError } from '../board-error.ts'
import type { RamPages } from '../ram-pages.ts'
import { checkConfig } from './limits.ts'
import { Media } from './media.ts'
import { giveSpareMemoryBack } from './spare-memory.ts'
import type {
  CallArguments,
  CallName,
  CallResult,
  DiskRequest,
  ToHost,
  ToWorker,
  TrayRequest,
  WireError,
  WorkerConfig,
} from './wire.ts'

/** Builds a board that executes. It comes back at once; `ready` settles when its worker has built the machine. */
export function createV86Board(config: BoardConfig, host: BoardHost): V86Board {
  checkConfig(config)
  return new V86Board(config, host)
}

let wasm: Promise<WebAssembly.Module> | undefined

/** v86's code, compiled once for all boards of the process. */
function compiledWasm(): Promise<WebAssembly.Module> {
  wasm ??= (async () => {
    const folder = dirname(createRequire(import.meta.url).resolve('v86'))
    return WebAssembly.compile(await readFile(join(folder, 'v86.wasm')))
  })()
  return wasm
}

/** The host's side of a board: a worker thread executes, this passes calls, blocks and bytes to and fro. */
export class V86Board implements Board {
  readonly kind = 'v86'
  readonly ramBytes: number
  readonly ready: Promise<void>
  readonly screen: Screen
  readonly keyboard: Keyboard
  readonly pointers: Pointers
  readonly serial: readonly SerialPort[]
  readonly #config: BoardConfig
  readonly #host: BoardHost
  readonly #media: Media
  readonly #keepMemory = giveSpareMemoryBack()
  readonly #waiting = new Map<number, Deferred<never>>()
  #state: BoardState = 'building'
  #worker: Worker | undefined
  #built = deferred()
  #nextCall = 1
  #closing: Promise<void> | undefined

  constructor(config: BoardConfig, host: BoardHost) {
    this.#config = config
    this.#host = host
    this.ramBytes = config.ramBytes
    this.#media = new Media(config.drives)
    this.screen = {
      capture: () => this.#call('picture'),
      changes: (serial) => this.#call('pictureChanges', serial),
      text: () => this.#call('text'),
    }
    this.keyboard = {
      send: (scanCodes) => this.#call('sendKeys', scanCodes),
      waiting: () => this.#call('keysWaiting'),
    }
    this.pointers = {
      ps2: (events) => this.#call('point', 'ps2', events),
      vmmouse: (events) => this.#call('point', 'vmmouse', events),
    }
    this.serial = Array.from({ length: config.serialPorts }, (_, port) => ({
      write: (bytes: Uint8Array) => this.#call('serialInput', port, bytes),
    }))
    this.ready = this.#built.promise
    this.ready.catch(() => undefined) // whoever waits for it is told; nobody has to
    void this.#build()
  }

  get state(): BoardState {
    return this.#state
  }

  async resume(): Promise<void> {
    await this.#call('resume')
    if (this.#state === 'paused') this.#state = 'running'
  }

  async pause(): Promise<void> {
    await this.#call('pause')
    if (this.#state === 'running') this.#state = 'paused'
  }

  /** Also brings back a board that has crashed: with a new worker. */
  async reset(): Promise<void> {
    if (this.#state !== 'crashed') return this.#call('reset')
    this.#state = 'building'
    this.#built = deferred()
    this.#built.promise.catch(() => undefined)
    void this.#build()
    await this.#built.promise
  }

  pressPowerButton(): Promise<void> {
    return this.#call('pressPowerButton')
  }

  wake(): Promise<void> {
    return this.#call('wake')
  }

  injectNmi(): Promise<void> {
    return this.#call('injectNmi')
  }

  readPhysical(address: number, length: number): Promise<Uint8Array> {
    return this.#call('readPhysical', address, length)
  }

  readVirtual(address: number, length: number): Promise<Uint8Array> {
    return this.#call('readVirtual', address, length)
  }

  writePhysical(address: number, bytes: Uint8Array): Promise<void> {
    return this.#call('writePhysical', address, bytes)
  }

  readPages(address: number, length: number): Promise<RamPages> {
    return this.#call('readPages', address, length)
  }

  writePages(address: number, length: number, pages: RamPages): Promise<void> {
    return this.#call('writePages', address, length, pages)
  }

  saveDevices(): Promise<Uint8Array> {
    return this.#call('saveDevices')
  }

  restoreDevices(state: Uint8Array): Promise<void> {
    return this.#call('restoreDevices', state)
  }

  writeVirtual(address: number, bytes: Uint8Array): Promise<void> {
    return this.#call('writeVirtual', address, bytes)
  }

  registers(): Promise<CpuRegisters> {
    return this.#call('registers')
  }

  cpu(): Promise<CpuStatus> {
    return this.#call('cpu')
  }

  pci(): Promise<readonly PciFunction[]> {
    return this.#call('pci')
  }

  async setMedium(slot: DriveSlot, medium: Medium | undefined, tray: TrayView = { open: false }): Promise<void> {
    const forgetOld = this.#media.insert(slot, medium)
    if (this.#state === 'crashed') return // the worker that comes after finds it there
    await this.#call('setMedium', slot, this.#media.shapeOf(slot), tray)
    // What the guest has asked of the old medium has been passed on by now.
    forgetOld()
  }

  async resizeMedium(slot: DriveSlot, byteLength: number): Promise<void> {
    if (this.#state !== 'crashed') await this.#call('resizeMedium', slot, byteLength)
  }

  requestEject(slot: DriveSlot): Promise<void> {
    return this.#call('requestEject', slot)
  }

  /** Lets the worker fail, for tests of what is above the board. */
  fail(how: 'throw' | 'exit'): Promise<void> {
    return this.#call('fail', how)
  }

  close(reason: Error = new BoardError('closed', 'The board has been closed')): Promise<void> {
    this.#closing ??= this.#close(reason)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(reason: Error): Promise<void> {
    this.#state = 'closed'
    this.#rejectAll(reason)
    this.#keepMemory()
    await this.#worker?.terminate()
    this.#worker = undefined
    this.#media.clear()
  }

  async #build(): Promise<void> {
    await nextTurn() // whoever waits at a monitor is greeted first
    if (this.#state !== 'building') return
    try {
      const workerData = await this.#workerConfig()
      if (this.#state !== 'building') return
      const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData, stdout: true, stderr: true })
      this.#worker = worker
      worker.stdout.resume() // v86 prints of its own accord
      worker.stderr.resume()
      worker.on('message', (message: ToHost) => this.#hear(message, worker))
      worker.on('error', (error) => this.#crash(error, worker))
      worker.on('exit', (code) => this.#crash(new Error(`the board's thread has ended with status ${code}`), worker))
    } catch (error) {
      this.#giveUpBuilding(error)
    }
  }

  /** The board could not be built: whoever waits for it is told why, and a reset tries again. */
  #giveUpBuilding(reason: unknown): void {
    if (this.#state !== 'building') return
    this.#state = 'crashed'
    this.#built.reject(reason)
    void this.#worker?.terminate()
    this.#worker = undefined
  }

  async #workerConfig(): Promise<WorkerConfig> {
    this.#media.clear()
    const drives = this.#config.drives.map((drive) => ({ ...drive, medium: this.#media.shapeOf(drive.slot) }))
    return { ...this.#config, drives, wasm: await compiledWasm() }
  }

  /** Calls the worker when it is built. */
  async #call<N extends CallName>(name: N, ...args: CallArguments<N>): Promise<CallResult<N>> {
    if (this.#state === 'building') await this.#built.promise
    if (this.#state === 'closed') throw new BoardError('closed', 'The board has been closed')
    if (this.#worker === undefined || this.#state === 'crashed') throw new BoardError('crashed', 'The board has failed')
    const id = this.#nextCall++
    const answer = deferred<never>()
    this.#waiting.set(id, answer)
    this.#post({ type: 'call', id, name, args })
    return answer.promise
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer)
  }

  #hear(message: ToHost, worker: Worker): void {
    if (this.#worker !== worker || this.#state === 'closed') return
    switch (message.type) {
      case 'ready':
        this.#state = 'paused'
        this.#built.resolve()
        break
      case 'unbuildable':
        this.#giveUpBuilding(boardError(message.error))
        break
      case 'answer':
        this.#settle(message)
        break
      case 'disk':
        void this.#serveDisk(message, worker)
        break
      case 'tray':
        void this.#moveTray(message, worker)
        break
      case 'guestReset':
      case 'guestShutdown':
      case 'guestPanicked':
        this.#state = 'paused'
        this.#host[message.type]()
        break
      case 'guestCrashloaded':
      case 'watchdogExpired':
        this.#host[message.type]()
        break
      case 'clockSet':
        this.#host.clockSet(message.offsetSeconds)
        break
      case 'guestSuspend':
        this.#state = 'paused'
        this.#host.guestSuspend(message.kind)
        break
      case 'wakeRequested':
        this.#host.wakeRequested()
        break
      case 'vmmouse':
        this.#host.vmmouse(message.mode)
        break
      case 'crashed':
        this.#crash(new Error(message.message), worker)
        break
      case 'serialOutput':
        void this.#passOn(message.port, message.bytes, worker)
        break
      case 'firmwareLog':
        this.#host.firmwareLog?.(message.line)
        break
    }
  }

  #settle({ id, result, error }: Extract<ToHost, { type: 'answer' }>): void {
    const answer = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error !== undefined) answer?.reject(boardError(error))
    else answer?.resolve(result as never)
  }

  async #serveDisk(request: DiskRequest, worker: Worker): Promise<void> {
    const answer = await this.#media.serve(request)
    if (this.#worker !== worker) return
    const { data } = answer
    // They are ours alone: no need to copy them.
    const alone = data !== undefined && data.byteLength === data.buffer.byteLength
    this.#post(answer, alone ? [data.buffer as ArrayBuffer] : [])
  }

  async #moveTray({ id, slot, move }: TrayRequest, worker: Worker): Promise<void> {
    const allowed = (await this.#host.guestTray?.(slot, move)) ?? false
    if (this.#worker === worker) this.#post({ type: 'tray', id, allowed })
  }

  async #passOn(port: number, bytes: Uint8Array, worker: Worker): Promise<void> {
    const count = bytes.length
    await this.#host.serialOutput(port, bytes)
    if (this.#worker === worker) this.#post({ type: 'serialDrained', port, count })
  }

  /** The worker has failed, or is gone: what it was asked is rejected, and its surroundings are told once. */
  #crash(error: Error, worker: Worker): void {
    if (this.#worker !== worker || this.#state === 'closed' || this.#state === 'crashed') return
    const failure = new BoardError('crashed', 'The board has failed', { cause: error })
    if (this.#state === 'building') {
      this.#giveUpBuilding(failure)
      return
    }
    this.#state = 'crashed'
    this.#worker = undefined
    this.#rejectAll(failure)
    void worker.terminate()
    this.#host.crashed(error)
  }

  #rejectAll(reason: Error): void {
    this.#built.reject(reason)
    for (const answer of this.#waiting.values()) answer.reject(reason)
    this.#waiting.clear()
  }
}

function boardError({ kind, message, address }: WireError): BoardError {
  return new BoardError(kind, message, address === undefined ? {} : { address })
}
