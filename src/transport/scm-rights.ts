import { type Libc, loadLibc } from '../libc/index.ts'
import { maxDescriptors } from './wire.ts'

/** What came with one `recvmsg`: nothing (`again`), the end, or bytes. */
export type Received =
  | 'again'
  | 'end'
  | {
      /** A copy of the bytes. */
      readonly chunk: Uint8Array
      readonly descriptors: readonly number[]
    }

/** The C library's calls for descriptor passing on a unix socket that does not block. */
export interface ScmRights {
  /** @throws {Error} with the system's `code` */
  receive(socket: number): Received
  /**
   * Sends bytes with descriptors (at most `maxDescriptors`); returns how many bytes went, 0 if the socket is full.
   *
   * @throws {Error} with the system's `code`
   */
  send(socket: number, bytes: Uint8Array, descriptors: readonly number[]): number
  /**
   * Sends bytes, or text as UTF-8, as far as the system takes them now; returns what is left, if anything.
   *
   * @throws {Error} with the system's `code`
   */
  sendAtOnce(socket: number, bytes: Uint8Array | string): Uint8Array | string | undefined
  /** @throws {Error} with the system's `code` */
  duplicate(descriptor: number): number
}

// Linux's numbers, the same on every 64-bit machine that Node runs on.
const solSocket = 1
const scmRights = 1
const msgDontWait = 0x40
const msgNoSignal = 0x4000
const msgCloseOnExec = 0x40000000
const fDupFdCloseOnExec = 1030
const eagain = 11
const eintr = 4

const receiveSize = 64 * 1024
const sendSize = 64 * 1024
const controlHeaderSize = 16
const controlSize = controlHeaderSize + 4 * (maxDescriptors + 3)

let loaded: ScmRights | undefined

/** Makes ready what Node lacks, when it is first asked for; undefined where there is no `loadLibc`. */
export function loadScmRights(): ScmRights | undefined {
  if (loaded === undefined) {
    const libc = loadLibc()
    if (libc !== undefined) loaded = bind(libc)
  }
  return loaded
}

/**
 * One `struct msghdr` with its buffers, for all calls: they are synchronous. It lives in one ArrayBuffer that is never
 * let go, as its address is inside itself (small typed arrays would not do: V8 keeps those on its heap and moves them).
 */
class Message {
  readonly memory: ArrayBuffer
  readonly header: Uint8Array
  readonly control: DataView
  readonly data: Uint8Array
  readonly #view: DataView

  constructor(libc: Libc, dataSize: number) {
    const iovecAt = 64
    const controlAt = 128
    const dataAt = controlAt + controlSize
    this.memory = new ArrayBuffer(dataAt + dataSize)
    this.#view = new DataView(this.memory)
    this.header = new Uint8Array(this.memory, 0, 56)
    this.control = new DataView(this.memory, controlAt, controlSize)
    this.data = new Uint8Array(this.memory, dataAt, dataSize)
    const address = libc.address(this.memory)
    this.#view.setBigUint64(iovecAt, address + BigInt(dataAt), true)
    this.#view.setBigUint64(16, address + BigInt(iovecAt), true)
    this.#view.setBigUint64(24, 1n, true)
    this.#view.setBigUint64(32, address + BigInt(controlAt), true)
  }

  get controlLength(): number {
    return this.#view.getUint32(40, true)
  }

  prepare(dataLength: number, controlLength: number): void {
    this.#view.setUint32(64 + 8, dataLength, true)
    this.#view.setUint32(40, controlLength, true)
  }
}

function bind(libc: Libc): ScmRights {
  const recvmsg = libc.func('intptr_t recvmsg(int socket, void *message, int flags)')
  const sendmsg = libc.func('intptr_t sendmsg(int socket, void *message, int flags)')
  const fcntl = libc.func('int fcntl(int fd, int command, int argument)')
  const inbound = new Message(libc, receiveSize)
  const outbound = new Message(libc, sendSize)

  /** What a call that returned -1 means: try again later, or an error to throw. */
  const failed = (call: string): 'again' => {
    if ([eagain, eintr].includes(libc.errno())) return 'again'
    throw libc.error(call)
  }

  return {
    receive(socket) {
      inbound.prepare(receiveSize, controlSize)
      const count = recvmsg(socket, inbound.header, msgDontWait | msgCloseOnExec)
      if (count < 0) return failed('recvmsg')
      const descriptors = inbound.controlLength === 0 ? [] : readRights(inbound)
      if (count === 0) return 'end'
      return { chunk: Buffer.from(inbound.data.subarray(0, count)), descriptors }
    },

    send(socket, bytes, descriptors) {
      const piece = bytes.subarray(0, sendSize)
      outbound.data.set(piece)
      outbound.prepare(piece.length, writeRights(outbound, descriptors))
      const count = sendmsg(socket, outbound.header, msgDontWait | msgNoSignal)
      if (count >= 0) return count
      failed('sendmsg')
      return 0
    },

    sendAtOnce(socket, bytes) {
      const length = fill(outbound.data, bytes)
      if (length === undefined) return bytes
      outbound.prepare(length, 0)
      const count = sendmsg(socket, outbound.header, msgDontWait | msgNoSignal)
      if (count === length) return undefined
      if (count >= 0) return Buffer.from(outbound.data.subarray(count, length))
      failed('sendmsg')
      return bytes
    },

    duplicate(descriptor) {
      const copy = fcntl(descriptor, fDupFdCloseOnExec, 0)
      if (copy < 0) throw libc.error('fcntl')
      return copy
    },
  }
}

const utf8 = new TextEncoder()

/** Puts bytes, or text as UTF-8, to the front of a buffer; returns their length, undefined if they do not fit. */
function fill(buffer: Uint8Array, bytes: Uint8Array | string): number | undefined {
  if (bytes.length > buffer.length) return undefined
  if (typeof bytes !== 'string') {
    buffer.set(bytes)
    return bytes.length
  }
  const { read, written } = utf8.encodeInto(bytes, buffer)
  return read === bytes.length ? written : undefined
}

/** The descriptors in the control part of a received message: a list of `struct cmsghdr`, each aligned to 8 bytes. */
function readRights({ control, controlLength }: Message): number[] {
  const descriptors: number[] = []
  for (let at = 0; at + controlHeaderSize <= controlLength; ) {
    const length = control.getUint32(at, true)
    if (length < controlHeaderSize) break
    if (control.getInt32(at + 8, true) === solSocket && control.getInt32(at + 12, true) === scmRights) {
      for (let item = at + controlHeaderSize; item + 4 <= at + length; item += 4)
        descriptors.push(control.getInt32(item, true))
    }
    at += (length + 7) & ~7
  }
  return descriptors
}

/** Writes the control part; returns its length. */
function writeRights({ control }: Message, descriptors: readonly number[]): number {
  const length = controlHeaderSize + 4 * descriptors.length
  control.setBigUint64(0, BigInt(length), true)
  control.setInt32(8, solSocket, true)
  control.setInt32(12, scmRights, true)
  descriptors.forEach((descriptor, index) => {
    control.setInt32(controlHeaderSize + 4 * index, descriptor, true)
  })
  return (length + 7) & ~7
}
