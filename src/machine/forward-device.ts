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
  const connections: DeviceConnection[] = []
  let came: (() => void) | undefined
  const line = new Line(
    async (bytes) => {
      while (connections.length === 0)
        await new Promise<void>((resolve) => {
          came = resolve
        })
      await connections[0]!.hear(bytes)
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
          gone: () => connections.splice(connections.indexOf(connection), 1),
          isWanted: () => connections.length > 1,
        })
        for (const other of [...connections]) other.giveWay()
        connections.push(connection)
        came?.()
        return connection
      },
      close: () => {
        for (const connection of [...connections]) connection.destroy()
        chardevs.find(name).detach(line)
        if (wish.type === 'new') void chardevs.remove(name).catch(() => undefined) // somebody else has it by now
      },
    }
  } catch (error) {
    throw new NetError('refused', `Could not open guest forwarding device '${label}'`, error)
  }
}

/**
 * One connection of the guest's with a character device. A guest that has said all hears the device's answer, until that
 * has been silent for a while, or another connection is there to hear it.
 */
class DeviceConnection extends Duplex {
  readonly #line: Line
  readonly #list: { readonly gone: () => void; readonly isWanted: () => boolean }
  #silence: NodeJS.Timeout | undefined
  #room: (() => void) | undefined

  /** @param list - of the connections of its device: tells when it has gone, and whether another one wants to hear */
  constructor(line: Line, list: { readonly gone: () => void; readonly isWanted: () => boolean }) {
    super()
    this.#line = line
    this.#list = list
  }

  /** Another connection is there. */
  giveWay(): void {
    if (this.#silence !== undefined) this.#over()
  }

  /** Bytes of the device. Settles when there is room for more. */
  hear(bytes: Uint8Array): Promise<void> {
    if (this.#silence !== undefined) this.#listen()
    if (this.push(bytes)) return Promise.resolve()
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  override _read(): void {
    this.#room?.()
    this.#room = undefined
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    const room = this.#line.output(bytes)
    if (room === undefined) done()
    else void room.then(done)
  }

  override _final(done: () => void): void {
    if (this.#list.isWanted()) this.#over()
    else this.#listen()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#silence)
    this.#room?.()
    this.#list.gone()
    done(error)
  }

  #listen(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.#over(), patience)
    this.#silence.unref()
  }

  #over(): void {
    clearTimeout(this.#silence)
    this.push(null)
  }
}
