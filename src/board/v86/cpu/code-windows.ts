import type { V86Cpu } from '../v86-internals.ts'
import { tableFunction } from '../wasm/table-function.ts'
import { codePageSlot } from '../wasm/wasm-patches.ts'

const pageBytes = 4096
/** WebAssembly's own pages, in which memory grows. */
const growth = 65536
/** Pages that a jump alternates between stay apart; there is no gain in more. */
const copies = growth / pageBytes
/** Memory that is not RAM has somebody to answer for it by blocks of so many bytes. */
const blockBits = 17
/** What is read where nothing is. */
const floating = 0xff
/** The registers of the local APIC, which answers to words alone. */
const localApic = 0xfee00000
/** Where no board has anything. */
const nowhere = 0xd0000000

/**
 * Lets the CPU execute what is not RAM, as a processor does: registers of devices, the window of the VGA, ROM at the top
 * of memory, or nothing at all. Whatever page it jumps to is read through its device into a copy, which v86 interprets
 * and never translates. A page is read again whenever the CPU comes to it from another one that is interpreted, too, and in
 * each slice (`forgetCodePage`). Where nothing is, and in the local APIC, it finds zeros, as with QEMU.
 *
 * Must come before devices put theirs into memory.
 */
export function patchCodeWindows(cpu: V86Cpu): void {
  const { wasm_memory: memory, wm } = cpu
  const first = memory.grow(growth / 65536) * growth
  /** Where the copies seem to be, seen from RAM. */
  const seen = first - cpu.mem8.byteOffset
  const nobody = cpu.memory_map_read32[nowhere >>> blockBits]
  let next = 0
  const copy = (page: number): number => {
    const offset = next * pageBytes
    next = (next + 1) % copies
    const isEmpty = page >>> 0 === localApic || cpu.memory_map_read32[page >>> blockBits] === nobody
    for (let at = 0; at < pageBytes; at += 4) {
      const word = isEmpty ? 0 : wm.exports.read32s((page + at) >>> 0)
      new DataView(memory.buffer).setInt32(first + offset + at, word, true)
    }
    return (seen + offset) | 0
  }
  wm.wasm_table.grow(codePageSlot + 1 - wm.wasm_table.length)
  wm.wasm_table.set(codePageSlot, tableFunction(copy, true))
  // v86 takes what it executes from there directly, but for operands: these are asked for as any memory is.
  const byte = (address: number): number => {
    const at = (address >>> 0) - seen
    return at >= 0 && at < growth ? new DataView(memory.buffer).getUint8(first + at) : floating
  }
  const word = (address: number): number =>
    byte(address) | (byte(address + 1) << 8) | (byte(address + 2) << 16) | (byte(address + 3) << 24)
  for (let block = seen >>> blockBits; block <= (seen + growth - 1) >>> blockBits; block++) {
    cpu.memory_map_read8[block] = byte
    cpu.memory_map_read32[block] = word
    cpu.memory_map_write8[block] = cpu.memory_map_write32[block] = () => undefined
  }
}

/**
 * Lets v86 look up the page of the next instruction that it interprets. Translated code does not tell it that the CPU has
 * been elsewhere, and what is not RAM may hold something else by now; after a state was restored, copies do.
 */
export function forgetCodePage({ last_virt_eip, instruction_pointer }: V86Cpu): void {
  last_virt_eip[0] = ~instruction_pointer[0]!
}
