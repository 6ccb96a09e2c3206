import type { Worker } from 'node:worker_threads'
import { type Deferred, deferred } from '../../async/index.ts'
import { nextTurn } from '../../timers/index.ts'
import type {
  Board,
  BoardConfig,
  BoardHost,
  BoardState,
  CodeCache,
  CpuRegisters,
  CpuStatus,
  Keyboard,
  PciFunction,
  Pointers,
  PortSize,
  Screen,
  SerialPort,
  TrayView,
} from '../board.ts'
import { BoardError } from '../board-error.ts'
import { DevicePorts, shapeOfDevice } from '../bus/device-ports.ts'
import type { BootPlace, DevicePort, NewDevice, PluggedDevice } from '../bus/guest-device.ts'
import type { DriveSlot, Medium } from '../drive-config.ts'
import type { FlashRange } from '../firmware/flash-range.ts'
import type { InterruptControllers } from '../interrupt-controllers.ts'
import type { Probe } from '../probe.ts'
import type { RamCopy, RamPages } from '../state/ram-pages.ts'
import { checkConfig } from './limits.ts'
import { boardError, boardFailure, crashed } from './thread/failures.ts'
import { watchHeartbeat } from './thread/heartbeat.ts'
import { HostProbe } from './thread/host-probe.ts'
import { Media } from './thread/media.ts'
import { standsStillAfter, tellHost } from './thread/notices.ts'
import { coreKey, keepPreparedWorkers } from './thread/prepared-workers.ts'
import { takeWorker } from './thread/spare-workers.ts'
import { compiledWasm } from './wasm/compiled-wasm.ts'
import { giveSpareMemoryBack } from './wasm/spare-memory.ts'
import type {
  CallArguments,
  CallName,
  CallResult,
  DiskRequest,
  ToHost,
  ToWorker,
  TrayRequest,
  WorkerConfig,
} from './wire.ts'

/** Builds a board that executes. It comes back at once; `ready` settles when its worker has built the machine. */
export function createV86Board(config: BoardConfig, host: BoardHost, worker: URL): V86Board {
  checkConfig(config)
  return new V86Board(config, host, worker)
}

/** The host's side of a board: a worker thread executes, this passes calls, blocks and bytes to and fro. */
export class V86Board implements Board {
  readonly kind = 'v86'
  readonly ramBytes: number
  readonly biosBytes: number
  readonly flash: readonly FlashRange[]
  readonly ready: Promise<void>
  readonly probe: Probe
  readonly screen: Screen
  readonly keyboard: Keyboard
  readonly pointers: Pointers
  readonly serial: readonly SerialPort[]
  readonly #config: BoardConfig
  readonly #host: BoardHost
  readonly #program: URL
  readonly #media: Media
  readonly #devices = new DevicePorts()
  readonly #keepMemory = giveSpareMemoryBack()
  readonly #waiting = new Map<number, Deferred<never>>()
  #state: BoardState = 'building'
  #worker: Worker | undefined
  #built = deferred()
  #nextCall = 1
  #closing: Promise<void> | undefined
  /** Why it has failed last. */
  #failure: BoardError | undefined
  readonly #heartbeats = new Int32Array(new SharedArrayBuffer(4))
  #unwatch: () => void = () => undefined

  /** @param program - of the worker */
  constructor(config: BoardConfig, host: BoardHost, program: URL) {
    this.#config = config
    this.#host = host
    this.#program = program
    for (const { device, port } of config.devices ?? []) this.#devices.add(device, port)
    this.ramBytes = config.ramBytes
    this.flash = config.flash ?? []
    this.biosBytes = this.flash.length > 0 ? 0 : config.firmware.bios.length
    this.#media = new Media(config.drives)
    this.probe = new HostProbe((name, ...args) => this.#call(name, ...args), config.stepped === true)
    this.screen = {
      capture: () => this.#call('picture'),
      changes: (serial, patience = 0) => this.#call('pictureChanges', serial, patience),
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
      break: () => this.#call('serialBreak', port),
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

  overwritePages(pages: RamPages): Promise<void> {
    return this.#call('overwritePages', pages)
  }

  changedPages(address: number, length: number): Promise<RamPages> {
    return this.#call('changedPages', address, length)
  }

  countChangedPages(address: number, length: number): Promise<number> {
    return this.#call('countChangedPages', address, length)
  }

  forgetPages(): Promise<void> {
    return this.#call('forgetPages')
  }

  throttle(percentage: number): Promise<void> {
    return this.#call('throttle', percentage)
  }

  keepSpares(count: number): void {
    void keepPreparedWorkers(this.#program, this.#config, count)
  }

  copyRam(): Promise<RamCopy> {
    return this.#call('copyRam')
  }

  pasteRam(copy: RamCopy): Promise<void> {
    return this.#call('pasteRam', copy)
  }

  pageChecksums(addresses: Uint32Array): Promise<Uint32Array> {
    return this.#call('pageChecksums', addresses)
  }

  idle(): Promise<void> {
    return this.#call('idle')
  }

  guestTime(): Promise<number> {
    return this.#call('guestTime')
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

  readPort(port: number, size: PortSize): Promise<number> {
    return this.#call('readPort', port, size)
  }

  writePort(port: number, size: PortSize, value: number): Promise<void> {
    return this.#call('writePort', port, size, value)
  }

  setBootOrder(letters: string): Promise<void> {
    return this.#call('setBootOrder', letters)
  }

  registers(): Promise<CpuRegisters> {
    return this.#call('registers')
  }

  cpu(): Promise<CpuStatus> {
    return this.#call('cpu')
  }

  interruptControllers(): Promise<InterruptControllers> {
    return this.#call('interruptControllers')
  }

  clock(): Promise<number> {
    return this.#call('clock')
  }

  codeCache(): Promise<CodeCache | undefined> {
    return this.#call('codeCache')
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

  async plug(device: NewDevice, port: DevicePort): Promise<PluggedDevice> {
    await this.#built.promise // while it is being built it would get the device twice
    const withdraw = this.#devices.add(device, port)
    try {
      await this.#call('plug', shapeOfDevice(device, port))
    } catch (error) {
      withdraw()
      throw error
    }
    return this.plugged(device.key)
  }

  plugged(key: string): PluggedDevice {
    return this.#devices.plugged(key, (message, given) => this.#tellDevice({ type: 'device', key, message }, given))
  }

  async requestUnplug(key: string): Promise<void> {
    this.#devices.leaves(key)
    if (this.#state !== 'crashed') await this.#call('requestUnplug', key) // else the worker that comes after does without it
  }

  async unplug(key: string): Promise<void> {
    this.#devices.leaves(key)
    if (this.#state === 'crashed') this.#devices.gone([key])
    else await this.#call('unplug', key)
  }

  inspect(key: string, question: unknown): Promise<unknown> {
    return this.#call('inspect', key, question)
  }

  async setBootPlaces(key: string, places: readonly BootPlace[]): Promise<void> {
    this.#devices.setBootPlaces(key, places)
    if (this.#state !== 'crashed') await this.#call('setBootPlaces', key, places)
  }

  /** Lets the worker fail, for tests of what is above the board. */
  fail(how: 'throw' | 'exit' | 'hang'): Promise<void> {
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
    this.#unwatch()
    await this.#worker?.terminate()
    this.#worker = undefined
    this.#media.clear()
  }

  async #build(): Promise<void> {
    await nextTurn() // whoever waits at a monitor is greeted first
    if (this.#state !== 'building') return
    try {
      const config = await this.#workerConfig()
      if (this.#state !== 'building') return
      const worker = takeWorker(this.#program, coreKey(config))
      this.#worker = worker
      worker.on('message', (message: ToHost) => this.#hear(message, worker))
      worker.on('error', (error) => this.#crash(error, worker))
      worker.on('exit', (code) => this.#crash(new Error(`the board's thread has ended with status ${code}`), worker))
      this.#post({ type: 'build', config })
    } catch (error) {
      this.#giveUpBuilding(error)
    }
  }

  /** The board could not be built: whoever waits for it is told why, and a reset tries again. */
  #giveUpBuilding(reason: unknown): void {
    if (this.#state !== 'building') return
    this.#state = 'crashed'
    this.#failure = boardFailure(reason)
    this.#built.reject(this.#failure)
    void this.#worker?.terminate()
    this.#worker = undefined
  }

  async #workerConfig(): Promise<WorkerConfig> {
    this.#media.clear()
    const drives = this.#config.drives.map((drive) => ({ ...drive, medium: this.#media.shapeOf(drive.slot) }))
    const devices = this.#devices.rebuild()
    return { ...this.#config, drives, devices, wasm: await compiledWasm(), heartbeats: this.#heartbeats }
  }

  /** Calls the worker when it is built. */
  async #call<N extends CallName>(name: N, ...args: CallArguments<N>): Promise<CallResult<N>> {
    if (this.#state === 'building') await this.#built.promise
    if (this.#state === 'closed') throw new BoardError('closed', 'The board has been closed')
    if (this.#worker === undefined || this.#state === 'crashed') throw crashed(this.#failure)
    const id = this.#nextCall++
    const answer = deferred<never>()
    this.#waiting.set(id, answer)
    this.#post({ type: 'call', id, name, args })
    return answer.promise
  }

  /** A board that is being built hears it when it is. */
  #tellDevice(message: ToWorker, given: readonly ArrayBuffer[]): void {
    if (this.#state !== 'building') this.#post(message, given)
    else
      void this.#built.promise.then(
        () => this.#post(message, given),
        () => undefined,
      )
  }

  #post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer)
  }

  #hear(message: ToHost, worker: Worker): void {
    if (this.#worker !== worker || this.#state === 'closed') return
    switch (message.type) {
      case 'ready':
        this.#state = 'paused'
        this.#watch(worker, message.threadId)
        this.#built.resolve()
        break
      case 'unbuildable':
        this.#giveUpBuilding(
          message.error.kind === 'crashed' ? new Error(message.error.message) : boardError(message.error),
        )
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
      case 'crashed':
        this.#crash(new Error(message.message), worker)
        break
      case 'device':
        if (message.stopped) this.#state = 'paused'
        this.#devices.hear(message.key, message.message)
        break
      case 'unplugged':
        this.#devices.gone(message.keys)
        break
      case 'serialOutput':
        void this.#passOn(message.port, message.bytes, worker)
        break
      default:
        if (standsStillAfter(message)) this.#state = 'paused'
        tellHost(this.#host, message)
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
    const alone = data !== undefined && data.byteLength === data.buffer.byteLength // ours: no need to copy them
    this.#post(answer, alone ? [data.buffer as ArrayBuffer] : [])
  }

  async #moveTray({ id, slot, move }: TrayRequest, worker: Worker): Promise<void> {
    const allowed = await this.#host.guestTray?.(slot, move).catch(() => false)
    if (this.#worker === worker) this.#post({ type: 'tray', id, allowed: allowed ?? false })
  }

  async #passOn(port: number, bytes: Uint8Array, worker: Worker): Promise<void> {
    const count = bytes.length
    await this.#host.serialOutput(port, bytes)
    if (this.#worker === worker) this.#post({ type: 'serialDrained', port, count })
  }

  /** The worker has failed, or is gone: what it was asked is rejected, and its surroundings are told once. */
  #crash(error: Error, worker: Worker): void {
    if (this.#worker !== worker || this.#state === 'closed' || this.#state === 'crashed') return
    if (this.#state === 'building') {
      this.#giveUpBuilding(error)
      return
    }
    this.#state = 'crashed'
    this.#failure = boardFailure(error)
    this.#worker = undefined
    this.#unwatch()
    this.#rejectAll(this.#failure)
    void worker.terminate()
    this.#host.crashed(error)
  }

  #watch(worker: Worker, threadId: number): void {
    this.#unwatch()
    this.#unwatch = watchHeartbeat({
      ...{ threadId, heartbeats: this.#heartbeats },
      ping: () => this.#post({ type: 'ping' }),
      busy: () => this.#state === 'running' || this.#waiting.size > 0,
      stuck: (error) => this.#crash(error, worker),
    })
  }

  #rejectAll(reason: Error): void {
    this.#built.reject(reason)
    for (const answer of this.#waiting.values()) answer.reject(reason)
    this.#waiting.clear()
  }
}
