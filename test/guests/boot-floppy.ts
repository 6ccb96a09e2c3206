/** Size of a 3.5" floppy with 1.44 MB. */
const floppyBytes = 1_474_560
const sectorBytes = 512
/** One side of a track less the boot sector: what one BIOS call reads. */
const programSectors = 17
/** The BIOS puts the boot sector at 7C00; it puts the program behind itself. */
const programAddress = 0x7e00

const com1 = 0x3f8
const lineStatus = com1 + 5

/**
 * Puts together a floppy that boots a program in 16-bit machine code, of at most 8704 bytes. It runs on the bare
 * machine, with nothing but the BIOS. Each method adds the instructions that it names; registers other than those it
 * loads are undefined after it.
 */
export class BootFloppy {
  readonly #code: number[] = []

  /** Calls the video BIOS (`int 10h`) with these register values. */
  videoBios({ ax, bx = 0, cx = 0, dx = 0 }: { ax: number; bx?: number; cx?: number; dx?: number }): this {
    return this.#add(0xb8, ...word(ax), 0xbb, ...word(bx), 0xb9, ...word(cx), 0xba, ...word(dx), 0xcd, 0x10)
  }

  /** Writes a byte to a port: `mov dx, port; mov al, value; out dx, al`. */
  out8(port: number, value: number): this {
    return this.#add(0xba, ...word(port), 0xb0, value, 0xee)
  }

  /** Writes a word to a port; for the VGA's index and data pairs the low byte is the index. */
  out16(port: number, value: number): this {
    return this.#add(0xba, ...word(port), 0xb8, ...word(value), 0xef)
  }

  /** Reads a byte from a port, for the effect of reading it. */
  in8(port: number): this {
    return this.#add(0xba, ...word(port), 0xec)
  }

  /**
   * Fills a segment from its begin with bytes that look random: x = 25173 x + 13849 modulo 2^16, of which the upper
   * byte is stored.
   *
   * @param count - 1 to 65536 bytes
   */
  noise({ segment, count, seed }: { segment: number; count: number; seed: number }): this {
    return this.#add(
      ...[0xb8, ...word(segment), 0x8e, 0xc0, 0x31, 0xff], // mov ax, segment; mov es, ax; xor di, di
      ...[0xb9, ...word(count), 0xb8, ...word(seed)], // mov cx, count; mov ax, seed
      ...[0x69, 0xc0, ...word(25173), 0x05, ...word(13849)], // again: imul ax, ax, 25173; add ax, 13849
      ...[0x26, 0x88, 0x25, 0x47, 0xe2, 0xf3], // mov es:[di], ah; inc di; loop again
    )
  }

  /** Sends a character through COM1. */
  sendSerial(character: string): this {
    return this.out8(com1, character.charCodeAt(0))
  }

  /** Waits until a byte comes through COM1. */
  awaitSerial(): this {
    return this.#add(
      ...[0xba, ...word(lineStatus), 0xec, 0xa8, 0x01, 0x74, 0xfb], // mov dx, port; again: in al, dx; test al, 1; jz again
      ...[0xba, ...word(com1), 0xec], // mov dx, port; in al, dx
    )
  }

  /** From here on, sends everything that the keyboard gives, byte by byte, through COM1; interrupts are off. */
  sendKeyboard(): this {
    return this.#add(
      ...[0xfa, 0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa], // cli; again: in al, 64h; test al, 1; jz again
      ...[0xe4, 0x60, 0x88, 0xc4], // in al, 60h; mov ah, al
      ...[0xba, ...word(lineStatus), 0xec, 0xa8, 0x20, 0x74, 0xfb], // mov dx, port; full: in al, dx; test al, 20h; jz full
      ...[0xba, ...word(com1), 0x88, 0xe0, 0xee, 0xeb, 0xe5], // mov dx, port; mov al, ah; out dx, al; jmp again
    )
  }

  /** The floppy; when the program has run, the CPU waits for interrupts for ever. */
  image(): Uint8Array {
    const program = [...this.#code, 0xfb, 0xf4, 0xeb, 0xfc] // again: sti; hlt; jmp again
    const room = programSectors * sectorBytes
    if (program.length > room) throw new RangeError(`the program has ${program.length} bytes, room is for ${room}`)
    const image = new Uint8Array(floppyBytes)
    image.set([
      ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0], // xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax
      ...[0xbc, ...word(0x7c00)], // mov sp, 7C00h
      ...[0xb8, programSectors, 0x02, 0xbb, ...word(programAddress)], // mov ax, "read 17 sectors"; mov bx, address
      ...[0xb9, 0x02, 0x00, 0x31, 0xd2, 0xcd, 0x13], // mov cx, "cylinder 0, sector 2"; xor dx, dx; int 13h
      ...[0xe9, ...word(programAddress - 0x7c00 - 27)], // jmp program
    ])
    image.set([0x55, 0xaa], sectorBytes - 2)
    image.set(program, sectorBytes)
    return image
  }

  #add(...bytes: number[]): this {
    this.#code.push(...bytes)
    return this
  }
}

function word(value: number): [number, number] {
  return [value & 0xff, (value >> 8) & 0xff]
}
