const sector = 512
const cdSector = 2048

/** What the boot media carry: the guest reads it and sends it through COM1. */
export const greeting = 'hello'
/** Where the program on `bootDisk()` writes the greeting again. */
export const copyOffset = 3 * sector

/** xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 7C00h; sti */
const setUp = [0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfb]
/** mov dx, port; mov al, value; out dx, al */
const out = (port: number, value: number): number[] => [0xba, port & 0xff, port >> 8, 0xb0, value, 0xee]
/** mov si, 8000h; mov cx, 5; mov dx, COM1; again: lodsb; out dx, al; loop again */
const sendGreeting = [0xbe, 0x00, 0x80, 0xb9, greeting.length, 0x00, 0xba, 0xf8, 0x03, 0xac, 0xee, 0xe2, 0xfc]
/** again: cli; hlt; jmp again */
const halt = [0xfa, 0xf4, 0xeb, 0xfc]
/** push dx; mov ax, what and how many sectors; mov bx, 8000h; mov cx, sector; mov dh, 0; int 13h; pop dx; jc failed */
const biosDisk = (ax: number, number: number, toFailed: number): number[] => [
  ...[0x52, 0xb8, ax & 0xff, ax >> 8, 0xbb, 0x00, 0x80, 0xb9, number, 0x00, 0xb6, 0x00, 0xcd, 0x13, 0x5a],
  ...[0x72, toFailed],
]
/** On the first IDE channel: FLUSH CACHE to its first drive, then in al, dx; test al, 80h; jnz again; test al, 1 */
const flushCache = [...out(0x1f6, 0xe0), ...out(0x1f7, 0xe7), 0xec, 0xa8, 0x80, 0x75, 0xfb]

/**
 * A disk, or floppy, whose boot sector reads the second sector through the BIOS, writes it to the fourth, waits for the
 * drive's cache if it is to, and sends the greeting that was in it. A BIOS call that fails ends in `E`.
 */
export function bootDisk(length: number, { flush = false } = {}): Uint8Array {
  const failed = [...out(0x3f8, 'E'.charCodeAt(0)), ...halt]
  const rest = [...(flush ? flushCache : []), ...sendGreeting, ...halt]
  const write = biosDisk(0x0301, 4, rest.length)
  const read = biosDisk(0x0201, 2, write.length + rest.length)
  const image = new Uint8Array(length)
  image.set([...setUp, ...read, ...write, ...rest, ...failed])
  image.set([0x55, 0xaa], sector - 2)
  image.set(Buffer.from(greeting), sector)
  return image
}

/** A CD that boots without emulation (El Torito) and sends the greeting that it reads from sector 21. */
export function bootCd(): Uint8Array {
  const image = new Uint8Array(64 * cdSector)
  const at = (number: number): Uint8Array => image.subarray(number * cdSector)
  const catalog = 19
  const program = 20
  at(16).set(Buffer.from('\x01CD001\x01', 'latin1'))
  at(17).set(Buffer.from('\x00CD001\x01EL TORITO SPECIFICATION', 'latin1'))
  at(17)[0x47] = catalog
  at(18).set(Buffer.from('\xffCD001\x01', 'latin1'))
  // Validation: its 16-bit words add up to 0. Then the entry: bootable, no emulation, four sectors, where.
  at(catalog).set([1, 0, 0, 0])
  at(catalog).set([0xaa, 0x55, 0x55, 0xaa], 28)
  at(catalog).set([0x88, 0, 0, 0, 0, 0, 4, 0, program], 32)
  const packetAt = 0x7c00 + 0x100
  at(program).set([
    ...setUp,
    ...[0xbe, packetAt & 0xff, packetAt >> 8, 0xb4, 0x42, 0xcd, 0x13], // mov si, packet; mov ah, 42h; int 13h
    ...sendGreeting,
    ...halt,
  ])
  // Disk address packet: 16 bytes, one sector, to 0000:8000, from the one after this program.
  at(program).set([16, 0, 1, 0, 0x00, 0x80, 0, 0, program + 1], 0x100)
  at(program + 1).set(Buffer.from(greeting))
  return image
}
