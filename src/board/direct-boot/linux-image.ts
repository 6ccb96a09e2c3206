import type { BoardConfig } from '../board.ts'
import { BoardError } from '../board-error.ts'
import { firmwareKeys as keys, word32, zeroTerminated } from '../firmware/firmware-items.ts'
import { linuxRom } from './boot-roms.ts'
import { type KernelFiles, placeRamDisk } from './direct-boot.ts'

const signature = 0x53726448
/** Places in the header that Linux's boot protocol fixes. */
const at = {
  oldCommandLineMagic: 0x20,
  oldCommandLineOffset: 0x22,
  setupSectors: 0x1f1,
  videoMode: 0x1fa,
  signature: 0x202,
  version: 0x206,
  loader: 0x210,
  loadFlags: 0x211,
  initrdAddress: 0x218,
  initrdBytes: 0x21c,
  heapEnd: 0x224,
  commandLine: 0x228,
  initrdMax: 0x22c,
  extendedLoadFlags: 0x236,
} as const
const loadedHigh = 0x01
const canUseHeap = 0x80
const above4GiB = 0x02
const qemuLoader = 0xb0
/** How much of a kernel QEMU takes for its header. */
const headerBytes = 8192
/** The last address for a RAM disk where the kernel does not say. */
const usualInitrdMax = 0x37ffffff

/** The version of the boot protocol; 0 if it is no Linux, or older than that. */
export function linuxProtocol(kernel: Uint8Array): number {
  if (kernel.length < at.version + 2) return 0
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength)
  return view.getUint32(at.signature, true) === signature ? view.getUint16(at.version, true) : 0
}

/** @throws {BoardError} kind `configuration` */
export async function linuxBoot(
  { image, append, initrd: ramDiskName, ramBytes }: KernelFiles,
  ramDisk: () => Promise<Uint8Array | undefined>,
): Promise<NonNullable<BoardConfig['kernel']>> {
  const protocol = linuxProtocol(image)
  const header = new Uint8Array(headerBytes)
  header.set(image.subarray(0, headerBytes))
  const view = new DataView(header.buffer)
  const commandLine = zeroTerminated(append)
  const places = placesOf(protocol, view.getUint8(at.loadFlags), commandLine.length - 1)

  if (protocol >= 0x202) view.setUint32(at.commandLine, places.commandLine, true)
  else {
    view.setUint16(at.oldCommandLineMagic, 0xa33f, true)
    view.setUint16(at.oldCommandLineOffset, places.commandLine - places.setup, true)
  }
  const mode = videoMode(append)
  if (mode !== undefined) view.setUint16(at.videoMode, mode & 0xffff, true)
  if (protocol >= 0x200) view.setUint8(at.loader, qemuLoader)
  if (protocol >= 0x201) {
    view.setUint8(at.loadFlags, view.getUint8(at.loadFlags) | canUseHeap)
    view.setUint16(at.heapEnd, places.commandLine - places.setup - 0x200, true)
  }

  if (ramDiskName !== undefined && protocol < 0x200)
    throw new BoardError('configuration', 'linux kernel too old to load a ram disk')
  const initrd = await ramDisk()
  const initrdAddress = initrd && placeRamDisk(initrd.length, ramBytes, initrdMax(view, protocol))
  if (initrd !== undefined) {
    view.setUint32(at.initrdAddress, initrdAddress!, true)
    view.setUint32(at.initrdBytes, initrd.length, true)
  }

  const setupBytes = ((view.getUint8(at.setupSectors) || 4) + 1) * 512
  if (setupBytes > image.length) throw new BoardError('configuration', 'invalid kernel header')
  const setup = image.slice(0, setupBytes)
  if (protocol > 0) setup.set(header.subarray(0, setupBytes))
  const kernel = image.slice(setupBytes)
  return {
    rom: { name: 'linuxboot_dma.bin', image: linuxRom() },
    items: [
      [keys.commandLineAddress, word32(places.commandLine)],
      [keys.commandLineBytes, word32(commandLine.length)],
      [keys.commandLine, commandLine],
      ...(initrd === undefined
        ? []
        : ([
            [keys.initrdAddress, word32(initrdAddress!)],
            [keys.initrdBytes, word32(initrd.length)],
            [keys.initrd, initrd],
          ] as const)),
      [keys.kernelAddress, word32(places.kernel)],
      [keys.kernelBytes, word32(kernel.length)],
      [keys.kernel, kernel],
      [keys.setupAddress, word32(places.setup)],
      [keys.setupBytes, word32(setup.length)],
      [keys.setup, setup],
    ],
  }
}

/** Where the parts go in RAM: kernels that know nothing of high memory, and those that know little, get other places. */
function placesOf(protocol: number, loadFlags: number, commandLineLength: number) {
  const low = protocol < 0x200 || (loadFlags & loadedHigh) === 0
  if (!low && protocol >= 0x202) return { setup: 0x10000, commandLine: 0x20000, kernel: 0x100000 }
  const commandLine = 0x9a000 - ((commandLineLength + 16) & ~15)
  return { setup: 0x90000, commandLine, kernel: low ? 0x10000 : 0x100000 }
}

function initrdMax(header: DataView, protocol: number): number {
  if (protocol >= 0x20c && header.getUint16(at.extendedLoadFlags, true) & above4GiB) return 2 ** 32 - 1
  return protocol >= 0x203 ? header.getUint32(at.initrdMax, true) : usualInitrdMax
}

/** The number of the video mode that `vga=` on a command line asks for; the first one counts. */
export function videoMode(append: string): number | undefined {
  const begin = append.indexOf('vga=')
  if (begin < 0) return undefined
  const text = append.slice(begin + 4)
  if (text.startsWith('normal')) return 0xffff
  if (text.startsWith('ext')) return 0xfffe
  if (text.startsWith('ask')) return 0xfffd
  const [, sign, digits] = /^[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)(?= |$)/.exec(text) ?? []
  const octal = digits !== undefined && /^0[0-9]/.test(digits)
  const number = octal ? (/^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN) : Number(digits)
  if (!(number < 2 ** 32)) throw new BoardError('configuration', "invalid 'vga=' kernel parameter.")
  return sign === '-' ? -number : number
}
