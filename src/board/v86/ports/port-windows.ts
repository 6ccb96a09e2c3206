import type { V86Io, V86PortEntry } from '../v86-internals.ts'

const portCount = 0x10000

/**
 * Ports that come and go: what a guest maps over other ports hides them, and they are back when it is gone. v86 itself
 * would forget whatever was there before.
 */
export class PortWindows {
  readonly #io: V86Io
  readonly #windows: PortWindow[] = []
  /** What is at a port when no window hides it. */
  readonly #below = new Map<number, V86PortEntry>()

  constructor(io: V86Io) {
    this.#io = io
  }

  /** Takes the ports that v86 has given to a device away from it, to be the ports of a window. */
  take(base: number, count: number): V86PortEntry[] {
    const taken = this.#io.ports.slice(base, base + count)
    for (let port = base; port < base + count; port++) this.#io.ports[port] = this.#io.create_empty_entry()
    return taken
  }

  /** A window of these ports, which is nowhere until it is moved. The one that was added last hides the others. */
  add(entries: readonly V86PortEntry[]): PortWindow {
    const window = new PortWindow(entries, {
      refresh: (changed) => this.#refresh(changed),
      remove: () => this.#windows.splice(this.#windows.indexOf(window), 1),
    })
    this.#windows.push(window)
    return window
  }

  #refresh(ports: Iterable<number>): void {
    const all = this.#io.ports
    for (const port of ports) {
      const top = this.#windows.findLast((window) => window.entryAt(port) !== undefined)?.entryAt(port)
      if (top === undefined) {
        all[port] = this.#below.get(port) ?? all[port]!
        this.#below.delete(port)
      } else {
        if (!this.#below.has(port)) this.#below.set(port, all[port]!)
        all[port] = top
      }
    }
  }
}

interface AllWindows {
  refresh(ports: Iterable<number>): void
  remove(): void
}

export class PortWindow {
  readonly #entries: readonly V86PortEntry[]
  readonly #all: AllWindows
  #base: number | undefined

  constructor(entries: readonly V86PortEntry[], all: AllWindows) {
    this.#entries = entries
    this.#all = all
  }

  /** Puts it somewhere else, or nowhere. What lies beyond the last port cannot be reached. */
  move(base: number | undefined): void {
    if (base === this.#base) return
    const before = this.#ports()
    this.#base = base
    this.#all.refresh(new Set([...before, ...this.#ports()]))
  }

  /** Takes it away for good. Call it once. */
  close(): void {
    this.move(undefined)
    this.#all.remove()
  }

  entryAt(port: number): V86PortEntry | undefined {
    return this.#base === undefined ? undefined : this.#entries[port - this.#base]
  }

  #ports(): number[] {
    const base = this.#base
    if (base === undefined) return []
    return this.#entries.map((_, index) => base + index).filter((port) => port < portCount)
  }
}
