import type { Picture, PictureChanges, TextScreen } from '../../board.ts'
import { placeholderPicture } from '../../screen/placeholder.ts'
import { ScreenChanges } from '../../screen/screen-changes.ts'
import { drawPlanar } from './planar.ts'
import { ShownState } from './shown-state.ts'
import { cursorShape, drawText, readText, textLayout } from './text-mode.ts'
import { drawVbe } from './vbe.ts'
import type { PictureMemory, VgaDevice, VgaMachine } from './vga-device.ts'

/** The cursor is lit for 16 of 70 frames, then dark for as many (in milliseconds). */
const cursorPhaseMs = 229

export interface ScreenCaptureOptions {
  readonly machine: VgaMachine
  /** The guest's time in milliseconds. */
  readonly now: () => number
  readonly vgaBios: Uint8Array | undefined
}

/**
 * Takes pictures of v86's screen as QEMU would draw them. Reads registers and video memory directly: v86 itself draws
 * nothing outside a browser.
 *
 * Like QEMU without a display, it looks at the cursor's blinking only when a picture is taken: the first picture shows
 * the cursor, a later one shows or hides it in turn, if at least half a period has passed.
 */
export class ScreenCapture {
  readonly #machine: VgaMachine
  readonly #now: () => number
  readonly #vgaBios: Uint8Array | undefined
  readonly #changes = new ScreenChanges()
  readonly #shown = new ShownState()
  /** What viewers have been told of last. */
  #last: Picture | undefined
  /** Memory of the picture before that one: the next is drawn there. */
  #spare: Uint8Array = new Uint8Array(0)
  #cursorLit = false
  #cursorTurn = 0
  /** Of the last picture with a mode. */
  #size: { width: number; height: number } | undefined

  constructor({ machine, now, vgaBios }: ScreenCaptureOptions) {
    this.#machine = machine
    this.#now = now
    this.#vgaBios = vgaBios
  }

  /**
   * The picture as it is now. While the guest has blanked the screen or is changing its mode, it is black in the last
   * size; before its first mode, a message.
   */
  picture(): Picture {
    return this.#picture(this.#cursorLights())
  }

  #picture(cursorLights: boolean, memoryFor: PictureMemory = (bytes) => new Uint8Array(bytes)): Picture {
    const picture = this.#draw(cursorLights, memoryFor)
    if (picture === undefined) return this.#size === undefined ? placeholderPicture(this.#vgaBios) : black(this.#size)
    this.#size = { width: picture.width, height: picture.height }
    return picture
  }

  /** What has changed in the picture since the state that `serial` names; it is drawn anew for that, if it may have. */
  changes(serial: number): PictureChanges {
    const vga = this.#vga
    const cursorLights = this.#cursorLights()
    const { width, height } = this.#size ?? { width: 0, height: 0 }
    const same = this.#shown.isAsBefore(vga, this.#videoRam(vga), [Number(cursorLights), width, height])
    if (!same || this.#last === undefined) {
      const before = this.#last?.rgb
      this.#last = this.#picture(cursorLights, (bytes) =>
        this.#spare.length === bytes ? this.#spare.fill(0) : new Uint8Array(bytes),
      )
      if (before !== undefined) this.#spare = before
    }
    return this.#changes.look(this.#last, serial)
  }

  /** What a text mode says; undefined in graphics modes, and while the guest has blanked the screen. */
  text(): TextScreen | undefined {
    const vga = this.#vga
    if (isBlank(vga) || isGraphics(vga)) return undefined
    const layout = textLayout(vga)
    return layout === undefined ? undefined : readText(vga, layout)
  }

  get #vga(): VgaDevice {
    return this.#machine.v86.cpu.devices.vga
  }

  #draw(cursorLights: boolean, memoryFor: PictureMemory): Picture | undefined {
    const vga = this.#vga
    if (isBlank(vga)) return undefined
    if (vga.svga_enabled) return drawVbe(vga, this.#videoRam(vga), memoryFor)
    if (isGraphics(vga)) return drawPlanar(vga, memoryFor)
    const layout = textLayout(vga)
    return layout === undefined ? undefined : drawText(vga, layout, cursorLights, memoryFor)
  }

  #videoRam(vga: VgaDevice): Uint8Array {
    return new Uint8Array(this.#machine.v86.cpu.wasm_memory.buffer, vga.svga_memory.byteOffset, vga.vga_memory_size)
  }

  /** Whether there is a cursor, and it is lit: each time that somebody looks, it may turn. */
  #cursorLights(): boolean {
    const vga = this.#vga
    if (isBlank(vga) || isGraphics(vga)) return false
    const layout = textLayout(vga)
    return layout !== undefined && this.#turnCursor() && cursorShape(vga, layout.cellHeight) !== undefined
  }

  #turnCursor(): boolean {
    const now = this.#now()
    if (now >= this.#cursorTurn) {
      this.#cursorLit = !this.#cursorLit
      this.#cursorTurn = now + cursorPhaseMs
    }
    return this.#cursorLit
  }
}

function isBlank(vga: VgaDevice): boolean {
  return (vga.palette_source & 0x20) === 0
}

function isGraphics(vga: VgaDevice): boolean {
  return vga.svga_enabled || (vga.miscellaneous_graphics_register & 1) !== 0
}

function black({ width, height }: { width: number; height: number }): Picture {
  return { width, height, rgb: new Uint8Array(width * height * 3) }
}
