import { keyNumbers, keysymOf } from './key-numbers.ts'
import { ByteSource, Inflater } from './rfb-stream.ts'
import type { Viewer, ViewerOptions } from './viewer.ts'

const Encoding = { raw: 0, copyRect: 1, zlib: 6, desktopSize: -223, pointerType: -257, qemuKey: -258 } as const
const securityNone = 1
const middle = 0x7fff
const largest = 1 << 13

/** A small viewer of VNC, for where noVNC is not installed. */
export async function openOwnViewer(options: ViewerOptions): Promise<Viewer> {
  return new OwnViewer(options)
}

class OwnViewer implements Viewer {
  readonly #options: ViewerOptions
  readonly #canvas = document.createElement('canvas')
  readonly #context = this.#canvas.getContext('2d')!
  readonly #socket: WebSocket
  readonly #source = new ByteSource()
  readonly #inflater = new Inflater()
  readonly #down = new Map<string, { readonly keysym: number; readonly number: number }>()
  #numbers = false
  #absolute = true

  constructor(options: ViewerOptions) {
    this.#options = options
    const { place, url, watchOnly } = options
    this.#canvas.tabIndex = 0
    this.#canvas.setAttribute('role', 'application')
    this.#canvas.setAttribute('aria-label', "The guest's screen")
    place.append(this.#canvas)
    this.#socket = new WebSocket(url)
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.addEventListener('message', ({ data }) => this.#source.push(new Uint8Array(data as ArrayBuffer)))
    this.#socket.addEventListener('close', () => this.#source.end(new Error('The connection has ended')))
    if (!watchOnly) this.#listen()
    void this.#serve()
  }

  focus(): void {
    this.#canvas.focus()
  }

  blur(): void {
    if (document.pointerLockElement === this.#canvas) document.exitPointerLock()
    this.#canvas.blur()
  }

  picture(): Promise<Blob> {
    return new Promise((resolve, reject) =>
      this.#canvas.toBlob((blob) => (blob === null ? reject(new Error('There is no picture')) : resolve(blob))),
    )
  }

  close(): void {
    this.#socket.close()
  }

  async #serve(): Promise<void> {
    let why: string | undefined
    try {
      await this.#enter()
      this.#options.opened()
      for (;;) await this.#message()
    } catch (error) {
      why = (error as Error).message
    }
    this.#socket.close()
    this.#canvas.remove()
    this.#options.ended(why)
  }

  async #enter(): Promise<void> {
    const source = this.#source
    await source.read(12)
    this.#send(new TextEncoder().encode('RFB 003.008\n'))
    const [count] = await source.read(1)
    const types = await source.read(count!)
    if (!types.includes(securityNone)) throw new Error('The screen wants a password: noVNC can be asked for it')
    this.#send(Uint8Array.of(securityNone))
    if ((await source.view(4)).getUint32(0) !== 0) throw new Error('The screen lets nobody in')
    this.#send(Uint8Array.of(1))
    const init = await source.view(24)
    this.#resize(init.getUint16(0), init.getUint16(2))
    await source.read(init.getUint32(20))
    // 32 bits a pixel: red, green, blue, nothing.
    this.#send(Uint8Array.of(0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0))
    const encodings = [Encoding.copyRect, Encoding.zlib, Encoding.raw, Encoding.desktopSize, Encoding.qemuKey]
    if (!this.#options.watchOnly) encodings.push(Encoding.pointerType as never)
    const message = new DataView(new ArrayBuffer(4 + 4 * encodings.length))
    message.setUint8(0, 2)
    message.setUint16(2, encodings.length)
    for (const [index, encoding] of encodings.entries()) message.setInt32(4 + 4 * index, encoding)
    this.#send(message)
    this.#request(false)
  }

  async #message(): Promise<void> {
    const source = this.#source
    const [type] = await source.read(1)
    if (type === 0) {
      const count = (await source.view(3)).getUint16(1)
      for (let index = 0; index < count; index++) await this.#rectangle()
      this.#request(true)
    } else if (type === 1) await source.read(6 * (await source.view(5)).getUint16(3))
    else if (type === 3) await source.read((await source.view(7)).getUint32(3))
    else if (type !== 2) throw new Error(`The screen says ${type}, which is not understood`)
  }

  async #rectangle(): Promise<void> {
    const head = await this.#source.view(12)
    const [x, y, width, height] = [0, 2, 4, 6].map((at) => head.getUint16(at)) as [number, number, number, number]
    switch (head.getInt32(8)) {
      case Encoding.raw:
        this.#draw(await this.#source.read(width * height * 4), x, y, width, height)
        break
      case Encoding.zlib: {
        const compressed = (await this.#source.read(
          (await this.#source.view(4)).getUint32(0),
        )) as Uint8Array<ArrayBuffer>
        this.#draw(await this.#inflater.read(compressed, width * height * 4), x, y, width, height)
        break
      }
      case Encoding.copyRect: {
        const from = await this.#source.view(4)
        const pixels = this.#context.getImageData(from.getUint16(0), from.getUint16(2), width, height)
        this.#context.putImageData(pixels, x, y)
        break
      }
      case Encoding.desktopSize:
        this.#resize(width, height)
        break
      case Encoding.pointerType:
        this.#absolute = x === 1
        if (this.#absolute && document.pointerLockElement === this.#canvas) document.exitPointerLock()
        break
      case Encoding.qemuKey:
        this.#numbers = true
        break
      default:
        throw new Error('The screen is sent in a way that is not understood')
    }
  }

  #draw(bytes: Uint8Array, x: number, y: number, width: number, height: number): void {
    if (width === 0 || height === 0) return
    for (let at = 3; at < bytes.length; at += 4) bytes[at] = 255
    const pixels = new Uint8ClampedArray(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)
    this.#context.putImageData(new ImageData(pixels, width, height), x, y)
  }

  #resize(width: number, height: number): void {
    if (width > largest || height > largest) throw new Error(`A screen of ${width}x${height} is too large`)
    this.#canvas.width = width
    this.#canvas.height = height
  }

  #request(incremental: boolean): void {
    const message = new DataView(new ArrayBuffer(10))
    message.setUint8(0, 3)
    message.setUint8(1, incremental ? 1 : 0)
    message.setUint16(6, this.#canvas.width)
    message.setUint16(8, this.#canvas.height)
    this.#send(message)
  }

  #send(bytes: ArrayBufferView<ArrayBuffer>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(bytes)
  }

  #listen(): void {
    const canvas = this.#canvas
    canvas.addEventListener('keydown', (event) => {
      event.preventDefault()
      const pressed = { keysym: keysymOf(event), number: keyNumbers.get(event.code) ?? 0 }
      this.#down.set(event.code, pressed)
      this.#key(pressed, true)
    })
    canvas.addEventListener('keyup', (event) => {
      event.preventDefault()
      const pressed = this.#down.get(event.code)
      this.#down.delete(event.code)
      if (pressed !== undefined) this.#key(pressed, false)
    })
    canvas.addEventListener('blur', () => {
      for (const pressed of this.#down.values()) this.#key(pressed, false)
      this.#down.clear()
    })
    const point = (event: PointerEvent): void => this.#point(event)
    canvas.addEventListener('pointermove', point)
    canvas.addEventListener('pointerup', point)
    canvas.addEventListener('pointerdown', (event) => {
      canvas.focus()
      // A guest that takes movements alone gets the mouse until Escape.
      if (!this.#absolute && event.pointerType === 'mouse') void canvas.requestPointerLock()
      this.#point(event)
      event.preventDefault()
    })
    canvas.addEventListener('contextmenu', (event) => event.preventDefault())
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault()
        const wheel = event.deltaY < 0 ? 8 : 16
        this.#point(event, wheel)
        this.#point(event)
      },
      { passive: false },
    )
  }

  #key({ keysym, number }: { readonly keysym: number; readonly number: number }, down: boolean): void {
    const message = new DataView(new ArrayBuffer(this.#numbers && number !== 0 ? 12 : 8))
    if (message.byteLength === 12) {
      message.setUint8(0, 255)
      message.setUint16(2, down ? 1 : 0)
      message.setUint32(4, keysym)
      message.setUint32(8, number)
    } else {
      message.setUint8(0, 4)
      message.setUint8(1, down ? 1 : 0)
      message.setUint32(4, keysym)
    }
    this.#send(message)
  }

  #point(event: MouseEvent, wheel = 0): void {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect()
    const across = this.#canvas.width / width
    const down = this.#canvas.height / height
    const [x, y] = this.#absolute
      ? [(event.clientX - left) * across, (event.clientY - top) * down]
      : [middle + event.movementX, middle + event.movementY]
    const most = this.#absolute ? [this.#canvas.width - 1, this.#canvas.height - 1] : [0xffff, 0xffff]
    // A browser counts left, right, middle; VNC left, middle, right.
    const { buttons } = event
    const mask = (buttons & 1) | ((buttons & 4) >> 1) | ((buttons & 2) << 1) | wheel
    const message = new DataView(new ArrayBuffer(6))
    message.setUint8(0, 5)
    message.setUint8(1, mask)
    message.setUint16(2, Math.min(Math.max(Math.round(x), 0), most[0]!))
    message.setUint16(4, Math.min(Math.max(Math.round(y), 0), most[1]!))
    this.#send(message)
  }
}
