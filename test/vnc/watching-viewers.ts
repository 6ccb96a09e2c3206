import { type Console, SharedScreen } from '../../src/display/index.ts'
import { Encoding } from '../../src/rfb/index.ts'
import { memoryPair } from '../../src/transport/index.ts'
import { readKeymap, unlistedDisplay, VncDisplay } from '../../src/vnc/index.ts'
import { RfbClient } from './rfb-client.ts'

/** Every way in which pictures are sent. */
const encodings = ['raw', 'hextile', 'zlib', 'zrle', 'tight'] as const

/** How long a viewer waits before it asks again, so that the guest gets on. */
const restMs = 100

/** Viewers of a screen, one for each encoding, who rebuild its picture from what they are sent while the guest draws. */
export class WatchingViewers implements AsyncDisposable {
  readonly #display: VncDisplay
  readonly #viewers: { readonly encoding: string; readonly client: RfbClient }[] = []
  /** How many updates they have been sent. */
  updates = 0
  /** What went wrong with one of them. */
  #failure: Error | undefined

  private constructor(display: VncDisplay) {
    this.#display = display
  }

  static async open(console: Pick<Console, 'changes'>): Promise<WatchingViewers> {
    const display = await VncDisplay.open(unlistedDisplay, {
      name: 'watched',
      screen: new SharedScreen(console),
      input: {
        key: () => true,
        pointer: () => undefined,
        absolute: true,
        leds: 0,
        onChange: () => () => undefined,
      },
      keymap: readKeymap(undefined, []),
      byKeysym: false,
      lockKeySync: true,
      power: undefined,
      emit: () => undefined,
      log: () => undefined,
    })
    const viewers = new WatchingViewers(display)
    for (const encoding of encodings) await viewers.#add(encoding)
    return viewers
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#viewers) client.close()
    await this.#display.close()
  }

  /** Waits until every viewer has that picture. @throws {Error} if one of them cannot go on */
  async agree({ width, height, rgb }: { width: number; height: number; rgb: Uint8Array }): Promise<void> {
    const wanted = Uint32Array.from({ length: width * height }, (_, index) => {
      const at = 3 * index
      return (rgb[at]! << 16) | (rgb[at + 1]! << 8) | rgb[at + 2]!
    })
    const bytes = new Uint8Array(wanted.buffer)
    const agrees = ({ client: { picture } }: { readonly client: RfbClient }): boolean =>
      picture.width === width &&
      picture.height === height &&
      Buffer.compare(bytes, new Uint8Array(picture.pixels.buffer, picture.pixels.byteOffset, bytes.length)) === 0
    while (!this.#viewers.every(agrees)) {
      if (this.#failure !== undefined) throw this.#failure
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async #add(encoding: (typeof encodings)[number]): Promise<void> {
    const [ours, theirs] = memoryPair()
    this.#display.addClient(ours, true)
    const client = new RfbClient(theirs)
    await client.enter()
    client.setEncodings(Encoding[encoding], Encoding.copyRect, Encoding.desktopSize)
    this.#viewers.push({ encoding, client })
    void this.#watch(encoding, client)
  }

  async #watch(encoding: string, client: RfbClient): Promise<void> {
    client.request(false)
    try {
      for (;;) {
        await client.until(0)
        this.updates++
        await new Promise((resolve) => setTimeout(resolve, restMs))
        client.request()
      }
    } catch (error) {
      if (this.#viewers.some((viewer) => viewer.client === client))
        this.#failure ??= new Error(`the viewer of ${encoding} cannot go on`, { cause: error })
    }
  }
}
