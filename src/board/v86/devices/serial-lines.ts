import type { V86Emulator, V86Uart } from '../v86-internals.ts'

/** Bytes that may be on their way to the host before the guest's transmitter reports itself busy. */
const outputLimit = 64 << 10
/** Bytes that wait in v86's UART for the guest: its own queue has no bound. */
const inputLimit = 4096
/** Line status: transmitter empty, and its holding register. */
const transmitterEmpty = 0x60
/** Line status: the line was held for longer than a byte takes. */
const breakInterrupt = 0x10
const statusPorts = [0x3fd, 0x2fd, 0x3ed, 0x2ed]

const noBytes = new Uint8Array(0)

interface Line {
  readonly uart: V86Uart
  output: number[]
  /** Sent to the host, not acknowledged yet. */
  unread: number
  input: Input[]
}

/** What comes from the host; no bytes are a break. */
interface Input {
  readonly bytes: Uint8Array
  at: number
  readonly done: () => void
}

/** COM1 to COM4: output in batches, input no faster than the guest reads it. */
export class SerialLines {
  readonly #emulator: V86Emulator
  readonly #lines: Line[]
  readonly #send: (port: number, bytes: Uint8Array) => void

  constructor(emulator: V86Emulator, ports: number, send: (port: number, bytes: Uint8Array) => void) {
    this.#emulator = emulator
    this.#send = send
    const { uart0, uart1, uart2, uart3 } = emulator.v86.cpu.devices
    const uarts = [uart0, uart1, uart2, uart3].slice(0, ports) as V86Uart[]
    this.#lines = uarts.map((uart) => ({ uart, output: [], unread: 0, input: [] }))
    for (const [port, line] of this.#lines.entries()) {
      emulator.add_listener(`serial${port}-output-byte`, (byte: number) => {
        line.output.push(byte)
        this.#updateTransmitter(line)
      })
      this.#tellBreaksOnce(port, line.uart)
    }
  }

  /** The guest is told of a break when it reads the status. */
  #tellBreaksOnce(port: number, uart: V86Uart): void {
    const { io } = this.#emulator.v86.cpu
    const statusPort = statusPorts[port]!
    const read = io.ports[statusPort]!.read8
    io.register_read(statusPort, uart, () => {
      const status = read.call(uart, statusPort)
      uart.lsr &= ~breakInterrupt
      return status
    })
  }

  /** Lets the guest see a break behind what it has been sent; settles when its port has it. */
  break(port: number): Promise<void> {
    return this.input(port, noBytes)
  }

  /** Takes bytes for the guest; settles when the guest's port has them. */
  input(port: number, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#lines[port]!.input.push({ bytes, at: 0, done: resolve })
      this.#feed(port)
    })
  }

  /** The host has taken so many of the bytes that it was sent. */
  drained(port: number, count: number): void {
    const line = this.#lines[port]!
    line.unread -= count
    this.#updateTransmitter(line)
  }

  /** Moves bytes both ways; called after every slice of execution. */
  move(): void {
    for (const port of this.#lines.keys()) {
      this.#flush(port)
      this.#feed(port)
    }
  }

  #flush(port: number): void {
    const line = this.#lines[port]!
    if (line.output.length === 0) return
    line.unread += line.output.length
    this.#send(port, Uint8Array.from(line.output))
    line.output = []
  }

  #feed(port: number): void {
    const { uart, input } = this.#lines[port]!
    for (let first = input[0]; first !== undefined && uart.input.length < inputLimit; first = input[0]) {
      if (first.bytes === noBytes) {
        // A break comes as a byte of zeroes; the flag is about the byte that is read next.
        if (uart.input.length > 0) return
        uart.lsr |= breakInterrupt
        this.#emulator.bus.send(`serial${port}-input`, 0)
      }
      while (first.at < first.bytes.length && uart.input.length < inputLimit) {
        this.#emulator.bus.send(`serial${port}-input`, first.bytes[first.at++])
      }
      if (first.at < first.bytes.length) return
      input.shift()
      first.done()
    }
  }

  #updateTransmitter({ uart, output, unread }: Line): void {
    if (output.length + unread > outputLimit) {
      uart.lsr &= ~transmitterEmpty
    } else if ((uart.lsr & transmitterEmpty) === 0) {
      uart.lsr |= transmitterEmpty
      uart.ThrowInterrupt(2) // the guest may send again
    }
  }
}
