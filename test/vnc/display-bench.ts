import { type PictureChanges, type PictureRectangle, SharedScreen } from '../../src/display/index.ts'
import type { PointerEvent } from '../../src/input/index.ts'
import { type Duplex, memoryPair } from '../../src/transport/index.ts'
import { readKeymap, VncDisplay, type VncDisplayConfig, type VncDisplayOptions } from '../../src/vnc/index.ts'
import { RfbClient } from './rfb-client.ts'

/** A picture that a test paints. */
export class Canvas {
  width: number
  height: number
  colours: Uint32Array
  #serial = 1
  /** How often somebody has looked. */
  looks = 0

  constructor(width = 160, height = 96) {
    this.width = width
    this.height = height
    this.colours = new Uint32Array(width * height)
  }

  paint(colour: number, { x = 0, y = 0, width = this.width, height = this.height } = {}): void {
    for (let row = y; row < y + height; row++) {
      const at = row * this.width + x
      this.colours.fill(colour, at, at + width)
    }
    this.#serial++
  }

  set(colours: Uint32Array): void {
    this.colours.set(colours)
    this.#serial++
  }

  resize(width: number, height: number): void {
    this.width = width
    this.height = height
    this.colours = new Uint32Array(width * height)
    this.#serial++
  }

  readonly changes = async (since: number): Promise<PictureChanges> => {
    this.looks++
    const { width, height } = this
    const whole: PictureRectangle = { x: 0, y: 0, width, height, rgb: this.#rgb() }
    return {
      serial: this.#serial,
      width,
      height,
      whole: since === 0,
      rectangles: since === this.#serial ? [] : [whole],
    }
  }

  #rgb(): Uint8Array {
    const rgb = new Uint8Array(this.colours.length * 3)
    for (let index = 0, at = 0; index < this.colours.length; index++) {
      const colour = this.colours[index]!
      rgb[at++] = colour >> 16
      rgb[at++] = colour >> 8
      rgb[at++] = colour
    }
    return rgb
  }
}

const plain: VncDisplayConfig = {
  id: 'default',
  addresses: [],
  websockets: [],
  reverse: false,
  told: false,
  password: false,
  passwordSecret: undefined,
  share: 'allow-exclusive',
  connections: 32,
  device: undefined,
  head: 0,
  lockKeySync: true,
  powerControl: false,
  audio: undefined,
}

/** A display over a canvas, with what it does written down. */
export class DisplayBench implements AsyncDisposable {
  readonly canvas = new Canvas()
  readonly display: VncDisplay
  /** What viewers have done: keys and pointers. */
  readonly done: string[]
  readonly events: string[]
  /** What the guest's devices are like; after `changed()`, viewers know it. */
  readonly pointer: { absolute: boolean; leds: number; feels: boolean; changed: () => void }
  readonly #clients = new Map<RfbClient, Duplex>()

  private constructor(made: Pick<DisplayBench, 'canvas' | 'display' | 'done' | 'events' | 'pointer'>) {
    this.canvas = made.canvas
    this.display = made.display
    this.done = made.done
    this.events = made.events
    this.pointer = made.pointer
  }

  static async open(
    config: Partial<VncDisplayConfig> = {},
    options: Partial<VncDisplayOptions> = {},
    canvas = new Canvas(),
  ): Promise<DisplayBench> {
    const [done, events]: [string[], string[]] = [[], []]
    const listeners = new Set<() => void>()
    const pointer = {
      absolute: false,
      leds: 0,
      feels: true,
      changed: () => listeners.forEach((listener) => void listener()),
    }
    const display = await VncDisplay.open(
      { ...plain, ...config },
      {
        name: 'QEMU (bench)',
        screen: new SharedScreen(canvas),
        input: {
          key: (key, down) => {
            if (pointer.feels) done.push(`${down ? 'down' : 'up'} ${key.toString(16)}`)
            return pointer.feels
          },
          pointer: (report: readonly PointerEvent[]) =>
            void done.push(
              report
                .map((event) =>
                  event.type === 'btn' ? `${event.button} ${event.down}` : `${event.type} ${event.axis}${event.value}`,
                )
                .join(', '),
            ),
          get absolute() {
            return pointer.absolute
          },
          get leds() {
            return pointer.leds
          },
          onChange(listener) {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
        },
        keymap: readKeymap(undefined, []),
        byKeysym: false,
        lockKeySync: config.lockKeySync ?? true,
        power: undefined,
        emit: (name) => void events.push(name),
        log: () => undefined,
        ...options,
      },
    )
    return new DisplayBench({ canvas, display, done, events, pointer })
  }

  /** Somebody connects. */
  connect(skipAuth = false): RfbClient {
    const [ours, theirs] = memoryPair()
    this.display.addClient(ours, skipAuth)
    const client = new RfbClient(theirs)
    this.#clients.set(client, ours)
    return client
  }

  /** How many bytes wait to be read by a client. */
  waiting(client: RfbClient): number {
    return this.#clients.get(client)!.buffered
  }

  /** Settles when the last client is gone. */
  async idle(): Promise<void> {
    while (this.display.info().clients.length > 0) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Somebody connects, and is shown the picture. */
  async viewer(...encodings: readonly number[]): Promise<RfbClient> {
    const client = this.connect()
    await client.enter()
    client.setEncodings(...encodings)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients.keys()) client.close()
    await this.display.close()
  }
}
