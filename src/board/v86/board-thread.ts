/**
 * The board's thread: builds the emulator from the configuration that the host gives, serves the host's calls between
 * slices of execution, and asks the host for requests.
 */
import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { parentPort } from 'node:worker_threads'
import type { Picture, PictureChanges } from '../board.ts'
import { BoardError } from '../board-error.ts'
import type { GuestSides } from '../bus/guest-device.ts'
import { readRegisters } from './cpu/cpu-state.ts'
import { readInterruptControllers } from './cpu/interrupt-state.ts'
import { Emulator } from './emulator.ts'
import { buildCore, type EmulatorCore } from './emulator-core.ts'
import { prepareRamFiles } from './memory/ram-file.ts'
import { HostRequests } from './thread/host-requests.ts'
import { probeCalls } from './thread/probe-calls.ts'
import type { CallName, CoreConfig, ToHost, ToWorker, WireError, WorkerCalls, WorkerConfig } from './wire.ts'

const host = parentPort!
const tell = (message: ToHost, transfer: readonly ArrayBuffer[] = []): void => host.postMessage(message, transfer)

/** The system's number of this thread, which is the one that executes; the process's where the system does not tell. */
function ownThreadId(): number {
  try {
    return Number(basename(readlinkSync('/proc/thread-self')))
  } catch {
    return process.pid
  }
}

function callsOf(emulator: Emulator, requests: HostRequests, threadId: number): WorkerCalls {
  const idle = async (): Promise<void> => {
    await requests.idle()
    await emulator.devices.idle()
  }
  return {
    resume: () => emulator.resume(),
    pause: () => emulator.pause(),
    reset: () => emulator.reset(),
    wake: () => emulator.wake(),
    pressPowerButton: () => emulator.pressPowerButton(),
    injectNmi: () => emulator.injectNmi(),
    readPhysical: (address, length) => emulator.memory.readPhysical(address, length),
    readVirtual: (address, length) => emulator.memory.readVirtual(address, length),
    writePhysical: (address, bytes) => emulator.memory.writePhysical(address, bytes),
    writeVirtual: (address, bytes) => emulator.memory.writeVirtual(address, bytes),
    readPages: (address, length) => emulator.memory.readPages(address, length),
    writePages: (address, length, pages) => emulator.memory.writePages(address, length, pages),
    overwritePages: (pages) => emulator.memory.overwritePages(pages),
    changedPages: (address, length) => emulator.memory.changedPages(address, length),
    countChangedPages: (address, length) => emulator.memory.countChangedPages(address, length),
    forgetPages: () => emulator.memory.forgetPages(),
    throttle: (percentage) => emulator.throttle.set(percentage),
    copyRam: () => emulator.memory.copyRam(),
    pasteRam: (copy) => emulator.memory.pasteRam(copy),
    pageChecksums: (addresses) => emulator.memory.pageChecksums(addresses),
    idle: async () => {
      emulator.requireStandstill()
      await idle()
    },
    guestTime: () => emulator.guestTime,
    saveDevices: async () => {
      await idle()
      return emulator.saveDevices()
    },
    restoreDevices: (state) => emulator.restoreDevices(state),
    ...probeCalls(emulator, tell),
    setBootOrder: (letters) => emulator.setBootOrder(letters),
    registers: () => readRegisters(emulator.cpu, emulator.memory),
    cpu: () => ({
      index: 0,
      pc: emulator.cpu.instruction_pointer[0]! >>> 0,
      halted: emulator.cpu.in_hlt[0] !== 0,
      threadId,
    }),
    interruptControllers: () => readInterruptControllers(emulator.cpu, emulator.lineRises.counts),
    clock: () => emulator.clockTime,
    codeCache: () => emulator.translations.cache,
    pci: () => emulator.pci.describe(),
    picture: () => emulator.screen.picture(),
    pictureChanges: (serial, patience) =>
      patience === 0 ? emulator.screen.changes(serial) : emulator.screenWatch.changes(serial, patience),
    text: () => emulator.screen.text(),
    sendKeys: (scanCodes) => emulator.sendKeys(scanCodes),
    keysWaiting: () => emulator.keyboard.waiting,
    point: (device, events) => emulator.point(device, events),
    serialInput: (port, bytes) => emulator.serial.input(port, bytes),
    serialBreak: (port) => emulator.serial.break(port),
    setMedium: (slot, medium, tray) => emulator.setMedium(slot, medium, tray),
    resizeMedium: (slot, byteLength) => emulator.resizeMedium(slot, byteLength),
    requestEject: (slot) => emulator.requestEject(slot),
    plug: (device) => emulator.plug(device),
    requestUnplug: (key) => emulator.requestUnplug(key),
    unplug: (key) => emulator.devices.unplug(key),
    inspect: (key, question) => emulator.devices.inspect(key, question),
    setBootPlaces: (key, places) => emulator.devices.setBootPlaces(key, places),
    fail: (how) => {
      if (how === 'exit') process.exit(3)
      while (how === 'hang');
      setImmediate(() => {
        throw new Error('a failure that was asked for')
      })
    },
  }
}

function wireError(error: unknown): WireError {
  if (!(error instanceof BoardError))
    return { kind: 'crashed', message: error instanceof Error ? error.message : String(error) }
  const { kind, message, context } = error
  return { kind, message, ...(context.address !== undefined && { address: context.address }) }
}

/** A picture is drawn, or cut out, for whoever asks, and nobody here keeps it: its memory goes along. */
function pixelsOf(name: CallName, result: unknown): readonly ArrayBuffer[] {
  const all =
    name === 'picture' ? [result as Picture] : name === 'pictureChanges' ? (result as PictureChanges).rectangles : []
  return all.map(({ rgb }) => rgb.buffer as ArrayBuffer)
}

async function answer(calls: WorkerCalls, id: number, name: CallName, args: readonly unknown[]): Promise<void> {
  try {
    const call = calls[name] as (...args: readonly unknown[]) => unknown
    const result = await call(...args)
    tell({ type: 'answer', id, result }, pixelsOf(name, result))
  } catch (error) {
    tell({ type: 'answer', id, error: wireError(error) })
  }
}

/**
 * Runs the board of this thread, when its configuration comes, until the thread is ended.
 *
 * @param guests - the devices that can be plugged in
 */
export function runBoardThread(guests: GuestSides): void {
  const threadId = ownThreadId()
  const requests = new HostRequests(tell)
  let core: Promise<EmulatorCore> | undefined
  let emulator: Emulator | undefined
  let calls: WorkerCalls | undefined
  let heartbeats: Int32Array = new Int32Array(1)
  const build = async (config: WorkerConfig): Promise<void> => {
    heartbeats = config.heartbeats
    try {
      core ??= buildCore(config, tell)
      emulator = await Emulator.build(await core, config, requests, tell, guests)
      calls = callsOf(emulator, requests, threadId)
      tell({ type: 'ready', threadId })
    } catch (error) {
      tell({ type: 'unbuildable', error: wireError(error) })
    }
  }
  const prepare = (config: CoreConfig): void => {
    core = buildCore(config, tell)
    core.catch(() => undefined) // whoever builds on it is told
    prepareRamFiles()
  }
  host.on('message', (message: ToWorker) => {
    if (message.type === 'build') void build(message.config)
    else if (message.type === 'prepare') prepare(message.config)
    else if (message.type === 'ping') Atomics.add(heartbeats, 0, 1)
    else if (message.type === 'disk' || message.type === 'tray') requests.settle(message)
    else if (message.type === 'serialDrained') emulator?.serial.drained(message.port, message.count)
    else if (message.type === 'device') emulator?.devices.receive(message.key, message.message)
    else if (calls !== undefined) void answer(calls, message.id, message.name, message.args)
  })
}
