import { Duplex } from 'node:stream'
import { type ChardevSet, Line, parseChardevShorthand, readChardevOptions } from '../chardev/index.ts'
import { type ForwardDevice, NetError } from '../net/index.ts'

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
        const connection = new DeviceConnection(line, () => connections.splice(connections.indexOf(connection), 1))
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

/** One connection of the guest's with a character device: when the guest has ended it, it is over. */
class DeviceConnection extends Duplex {
  readonly #line: Line
  readonly #gone: () => void
  #room: (() => void) | undefined

  constructor(line: Line, gone: () => void) {
    super()
    this.#line = line
    this.#gone = gone
  }

  /** Bytes of the device. Settles when there is room for more. */
  hear(bytes: Uint8Array): Promise<void> {
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
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#room?.()
    this.#gone()
    done(error)
  }
}
