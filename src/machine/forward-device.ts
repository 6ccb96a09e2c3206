import { Duplex } from 'node:stream'
import { type ChardevSet, Line, parseChardevShorthand, readChardevOptions } from '../chardev/index.ts'
import { type ForwardDevice, NetError } from '../net/index.ts'
import { clearTimeout, setTimeout } from '../timers/index.ts'

/** How long a guest that has said all hears yet a device that says nothing, in milliseconds. */
const patience = 30_000

/**
 * A character device that a guest reaches at an address of its network: one that is there (`chardev:ID`), or a new one.
 * The connection that came first hears it; what comes while there is none waits.
 *
 * @throws {NetError} kind `refused`, in QEMU's words, if it cannot be had
 */
export async function openForwardDevice(
  chardevs: ChardevSet,
  {
    target,
    label,
    signal,
  }: { readonly target: string; readonly label: string; readonly signal: AbortSignal | undefined },
): Promise<ForwardDevice> {
  /** Those that hear the device or wait to, in the order in which they came. */
  const connections = new Set<DeviceConnection>()
  /** Those that have not been closed: some may still hand on what they have heard. */
  const open = new Set<DeviceConnection>()
  let came: (() => void) | undefined
  const line = new Line(
    async (bytes) => {
      for (;;) {
        const [first] = connections
        if (first !== undefined) return first.hear(bytes)
        await new Promise<void>((resolve) => {
          came = resolve
        })
      }
    },
    { leaves: true },
  )
  try {
    const wish = parseChardevShorthand(target)
    const name = wish.type === 'existing' ? wish.label : label
    if (wish.type === 'new') await chardevs.open(readChardevOptions({ ...wish.keys, id: label }), signal)
    chardevs.checkUsable(name)
    chardevs.find(name).attach(line)
    return {
      connection: () => {
        const connection = new DeviceConnection(line, {
          heard: () => connections.delete(connection),
          closed: () => open.delete(connection),
          isWanted: () => connections.size > 1,
        })
        for (const other of [...connections]) other.giveWay()
        connections.add(connection)
        open.add(connection)
        came?.()
        return connection
      },
      close: () => {
        for (const connection of [...open]) connection.destroy()
        chardevs.find(name).detach(line)
        if (wish.type === 'new') void chardevs.remove(name).catch(() => undefined) // somebody else has it by now
      },
    }
  } catch (error) {
    throw new NetError('refused', `Could not open guest forwarding device '${label}'`, error)
  }
}

/** What a connection tells those of its device, and asks of them. */
interface Others {
  /** It hears no more: what the device says from now on is another's. */
  heard(): void
  closed(): void
  /** Whether another one wants to hear. */
  isWanted(): boolean
}

/**
 * One connection of the guest's with a character device. A guest that has said all hears the device's answer, until that
 * has been silent for a while, or another connection is there to hear it.
 */
class DeviceConnection extends Duplex {
  readonly #line: Line
  readonly #others: Others
  #silence: NodeJS.Timeout | undefined
  #room: (() => void) | undefined

  constructor(line: Line, others: Others) {
    super()
    this.#line = line
    this.#others = others
  }

  /** Another connection is there. */
  giveWay(): void {
    if (this.#silence !== undefined) this.#over()
  }

  /** Bytes of the device. Settles when there is room for more, or this connection hears no more. */
  hear(bytes: Uint8Array): Promise<void> {
    if (this.#silence !== undefined) this.#listen()
    if (this.push(bytes)) return Promise.resolve()
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  override _read(): void {
    this.#goOn()
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    const room = this.#line.output(bytes)
    if (room === undefined) done()
    else void room.then(done)
  }

  override _final(done: () => void): void {
    if (this.#others.isWanted()) this.#over()
    else this.#listen()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#hearNoMore()
    this.#others.closed()
    done(error)
  }

  #listen(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.#over(), patience)
    this.#silence.unref()
  }

  /** What it has heard it still hands on, however long that takes: the device does not wait for it. */
  #over(): void {
    this.#hearNoMore()
    this.push(null)
  }

  #hearNoMore(): void {
    clearTimeout(this.#silence)
    this.#others.heard()
    this.#goOn()
  }

  #goOn(): void {
    this.#room?.()
    this.#room = undefined
  }
}
