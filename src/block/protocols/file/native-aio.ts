import { isMainThread } from 'node:worker_threads'
import { type Libc, type LibcFunction, loadLibc } from '../../../libc/index.ts'
import { setImmediate } from '../../../timers/index.ts'
import { HeldUp } from './held-up.ts'

/** The system calls by their numbers, which each kind of processor has its own of. */
const systemCalls: Readonly<Partial<Record<NodeJS.Architecture, Readonly<Record<Call, number>>>>> = {
  x64: { setup: 206, getEvents: 208, submit: 209 },
  arm64: { setup: 0, submit: 2, getEvents: 4 },
}
type Call = 'setup' | 'submit' | 'getEvents'

/** Requests that the system has at once; more wait here. */
const slots = 64
/** `struct iocb` and `struct io_event`, in bytes. */
const [controlBlock, event] = [64, 32]
const operations = { read: 0, write: 1 } as const

/** Milliseconds that the event loop may be held up between two of its turns. */
const perTurn = 1
/** Nanoseconds to wait for an answer before a thread does. */
const longestWait = 1_000_000n
/** So many waits are left to a thread after one that was for nothing: the disk is slow. */
const discouraged = 32

interface Request {
  readonly fd: number
  readonly operation: keyof typeof operations
  readonly position: number
  /** Where the memory is, which `memory` keeps. */
  readonly address: bigint
  readonly memory: Uint8Array
  settle(moved: number): void
}

/**
 * Requests around the page cache, given to the system many at once: Linux's own asynchronous I/O, QEMU's `aio=native`.
 * To wait here for an answer that comes within a fraction of a millisecond takes half as long as to have a thread do it
 * and tell. So it waits for a short while, which the event loop is told of often enough, and leaves to a thread what takes
 * longer.
 */
export class NativeAio {
  readonly #submit: (count: number) => number
  readonly #getEvents: LibcFunction
  readonly #errno: () => number
  readonly #numbers: Readonly<Record<Call, number>>
  readonly #context: bigint
  readonly #blocks = new ArrayBuffer(slots * controlBlock)
  readonly #blocksView = new DataView(this.#blocks)
  readonly #blocksAt: bigint
  /** Where the control blocks to submit are. */
  readonly #list = new BigUint64Array(slots)
  readonly #events = new Uint8Array(new ArrayBuffer(slots * event))
  readonly #eventsView = new DataView(this.#events.buffer)
  readonly #timeout = new Uint8Array(BigInt64Array.of(0n, longestWait).buffer)
  /** What each slot does. */
  readonly #requests = new Array<Request | undefined>(slots)
  readonly #free = Array.from({ length: slots }, (_, index) => slots - 1 - index)
  readonly #queue: Request[] = []
  #inFlight = 0
  #scheduled = false
  #threadWaits = false
  #discouraged = 0
  #turnLeft = perTurn
  /** Whether the system holds up who gives it requests. */
  readonly #heldUp = new HeldUp()

  private constructor(libc: Libc, numbers: Readonly<Record<Call, number>>, context: bigint) {
    const submit = libc.func('intptr_t syscall(intptr_t number, uint64_t context, intptr_t count, void *list)')
    const list = new Uint8Array(this.#list.buffer)
    this.#submit = (count) => submit(numbers.submit, context, count, list)
    this.#getEvents = libc.func(
      'intptr_t syscall(intptr_t number, uint64_t context, intptr_t least, intptr_t most, void *events, void *timeout)',
    )
    this.#errno = libc.errno
    this.#numbers = numbers
    this.#context = context
    this.#blocksAt = libc.address(this.#blocks)
  }

  /** Undefined where the system has none of it, or has no more to give. */
  static open(libc: Libc): NativeAio | undefined {
    const numbers = systemCalls[process.arch]
    if (numbers === undefined) return undefined
    const context = new BigUint64Array(1)
    const setup = libc.func('intptr_t syscall(intptr_t number, uint32_t requests, void *context)')
    if (setup(numbers.setup, slots, new Uint8Array(context.buffer)) !== 0) return undefined
    return new NativeAio(libc, numbers, context[0]!)
  }

  /** False after the system has held up the caller instead of taking requests. */
  get willing(): boolean {
    return !this.#heldUp.rests(performance.now())
  }

  /**
   * Reads or writes.
   *
   * @param address - where `memory` is
   * @returns bytes that have been moved, or an error number below zero
   */
  run(
    operation: Request['operation'],
    fd: number,
    position: number,
    memory: Uint8Array,
    address: bigint,
  ): Promise<number> {
    return new Promise((settle) => {
      this.#queue.push({ operation, fd, position, memory, address, settle })
      this.#schedule()
    })
  }

  /** Goes on when nothing else is to be done at once: requests that come together are submitted together. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => process.nextTick(this.#goOn))
  }

  readonly #goOn = (): void => {
    this.#scheduled = false
    const begin = performance.now()
    this.#submitQueue(begin)
    if (this.#threadWaits || this.#inFlight === 0) return
    if (this.#discouraged > 0) {
      this.#discouraged--
      this.#waitInThread()
      return
    }
    if (this.#turnLeft <= 0) {
      this.#scheduled = true
      setImmediate(() => {
        this.#turnLeft = perTurn
        this.#goOn()
      })
      return
    }
    // What comes together costs less than what comes alone, here and where the next requests are submitted.
    const least = Math.ceil(this.#inFlight / 2)
    const count = this.#getEvents(this.#numbers.getEvents, this.#context, least, slots, this.#events, this.#timeout)
    this.#turnLeft -= performance.now() - begin
    if (count > 0) this.#settle(count)
    else {
      this.#discouraged = discouraged
      this.#waitInThread()
    }
  }

  #waitInThread(): void {
    this.#threadWaits = true
    const { getEvents } = this.#numbers
    this.#getEvents.async(getEvents, this.#context, 1, slots, this.#events, null, (_error: unknown, count: number) => {
      this.#threadWaits = false
      this.#turnLeft = perTurn
      this.#settle(Math.max(0, count)) // fewer than one: a signal has come meanwhile
    })
  }

  #submitQueue(begin: number): void {
    let count = 0
    while (this.#queue.length > 0 && this.#free.length > 0) {
      const slot = this.#free.pop()!
      this.#prepare(slot, this.#queue.shift()!)
      this.#list[count++] = this.#blocksAt + BigInt(slot * controlBlock)
    }
    if (count === 0) return
    while (count > 0) {
      const taken = this.#submit(count)
      const error = taken > 0 ? 0 : this.#errno()
      this.#inFlight += Math.max(0, taken)
      // The first that is left is what the system did not want.
      const refused = taken > 0 ? 0 : 1
      if (refused > 0) this.#end(Number((this.#list[0]! - this.#blocksAt) / BigInt(controlBlock)), -error)
      const done = Math.max(taken, refused)
      this.#list.copyWithin(0, done, count)
      count -= done
    }
    this.#heldUp.note(begin, performance.now())
  }

  #prepare(slot: number, request: Request): void {
    const { fd, operation, position, memory, address } = request
    const at = slot * controlBlock
    const view = this.#blocksView
    view.setUint32(at, slot, true)
    view.setUint16(at + 16, operations[operation], true)
    view.setUint32(at + 20, fd, true)
    view.setBigUint64(at + 24, address, true)
    view.setUint32(at + 32, memory.byteLength, true)
    view.setUint32(at + 40, position % 2 ** 32, true)
    view.setUint32(at + 44, Math.floor(position / 2 ** 32), true)
    this.#requests[slot] = request
  }

  #settle(count: number): void {
    this.#inFlight -= count
    for (let index = 0; index < count; index++) {
      const at = index * event
      this.#end(this.#eventsView.getUint32(at, true), Number(this.#eventsView.getBigInt64(at + 16, true)))
    }
    if (this.#inFlight > 0 || this.#queue.length > 0) this.#schedule()
  }

  #end(slot: number, result: number): void {
    const request = this.#requests[slot]!
    this.#requests[slot] = undefined
    this.#free.push(slot)
    request.settle(result)
  }
}

let loaded: NativeAio | undefined | 'not tried' = 'not tried'

/**
 * One for the process, made when it is first asked for. Undefined where it cannot be had, and in a thread that is not the
 * main one: its memory may go while the disk still writes there.
 */
export function loadNativeAio(): NativeAio | undefined {
  if (loaded === 'not tried') {
    const libc = isMainThread ? loadLibc() : undefined
    loaded = libc && NativeAio.open(libc)
  }
  return loaded
}
