/**
 * The board's thread: builds the emulator from the configuration that the host gave, serves the host's calls between
 * slices of execution, and asks the host for requests.
 */
import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { BoardError } from '../board-error.ts'
import { readRegisters } from './cpu-state.ts'
import { Emulator } from './emulator.ts'
import { HostRequests } from './host-requests.ts'
import type { CallName, ToHost, ToWorker, WireError, WorkerCalls, WorkerConfig } from './wire.ts'

const host = parentPort!
const tell = (message: ToHost, transfer: ArrayBuffer[] = []): void => host.postMessage(message, transfer)

/** The system's number of this thread, which is the one that executes; the process's where the system does not tell. */
function ownThreadId(): number {
  try {
    return Number(basename(readlinkSync('/proc/thread-self')))
  } catch {
    return process.pid
  }
}

function callsOf(emulator: Emulator, requests: HostRequests, threadId: number): WorkerCalls {
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
    saveDevices: async () => {
      await requests.idle()
      return emulator.saveDevices()
    },
    restoreDevices: (state) => emulator.restoreDevices(state),
    registers: () => readRegisters(emulator.cpu, emulator.memory),
    cpu: () => ({
      index: 0,
      pc: emulator.cpu.instruction_pointer[0]! >>> 0,
      halted: emulator.cpu.in_hlt[0] !== 0,
      threadId,
    }),
    pci: () => emulator.pci.describe(),
    picture: () => emulator.screen.picture(),
    pictureChanges: (serial) => emulator.screen.changes(serial),
    text: () => emulator.screen.text(),
    sendKeys: (scanCodes) => emulator.sendKeys(scanCodes),
    keysWaiting: () => emulator.keyboard.waiting,
    point: (device, events) => emulator.point(device, events),
    serialInput: (port, bytes) => emulator.serial.input(port, bytes),
    setMedium: (slot, medium, tray) => emulator.setMedium(slot, medium, tray),
    resizeMedium: (slot, byteLength) => emulator.resizeMedium(slot, byteLength),
    requestEject: (slot) => emulator.requestEject(slot),
    fail: (how) => {
      if (how === 'exit') process.exit(3)
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

async function answer(calls: WorkerCalls, id: number, name: CallName, args: readonly unknown[]): Promise<void> {
  try {
    const call = calls[name] as (...args: readonly unknown[]) => unknown
    tell({ type: 'answer', id, result: await call(...args) })
  } catch (error) {
    tell({ type: 'answer', id, error: wireError(error) })
  }
}

async function main(): Promise<void> {
  const threadId = ownThreadId()
  const requests = new HostRequests(tell)
  let calls: WorkerCalls | undefined
  let drained: (port: number, count: number) => void = () => undefined
  host.on('message', (message: ToWorker) => {
    if (message.type === 'disk' || message.type === 'tray') requests.settle(message)
    else if (message.type === 'serialDrained') drained(message.port, message.count)
    else if (calls !== undefined) void answer(calls, message.id, message.name, message.args)
  })
  try {
    const emulator = await Emulator.build(workerData as WorkerConfig, requests, tell)
    drained = (port, count) => emulator.serial.drained(port, count)
    calls = callsOf(emulator, requests, threadId)
    tell({ type: 'ready', threadId })
  } catch (error) {
    tell({ type: 'unbuildable', error: wireError(error) })
  }
}

void main()
