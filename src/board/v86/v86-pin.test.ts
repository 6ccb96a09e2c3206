import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bareV86 } from '../../../test/guests/bare-v86.ts'
import { v86Version } from './saved-state.ts'
import type { V86Emulator } from './v86-internals.ts'

/**
 * The patches of this folder are made for this build of v86, and for no other: its internals have no promise. Who
 * changes it runs the tests of each patch, and reads what v86 does at the places that they name.
 */
const build = {
  'libv86.js': '8715206b8c5ab0a206f6e8913c5f705a15547df51d3e0c032e3d00439303c94c',
  'libv86.mjs': '581c169db27daad9d64679bd117f4a90c37c23c6ad9e660b7e89ee731eb2a446',
  'v86.wasm': 'aa0d0e149d6b60063b85de4871e78505637ce92821e14a9f9802c4008ba2336e',
} as const

const file = (name: string): URL => new URL(name, import.meta.resolve('v86'))

/** Every name that is used of v86's objects, by the object. */
const names: readonly (readonly [object: string, names: string])[] = [
  [
    'loop',
    'cpu running stopping idle tick_counter run next_tick do_tick yield yield_callback restore_state save_state',
  ],
  [
    'cpu',
    'wasm_memory mem8 memory_size reg32 sreg segment_offsets segment_limits segment_access_bytes segment_is_null ' +
      'gdtr_offset gdtr_size idtr_offset idtr_size cr dreg cpl protected_mode previous_ip in_hlt flags instruction_counter instruction_pointer ' +
      'is_32 stack_size_32 fpu_st fpu_stack_empty fpu_control_word reg_xmm32s mxcsr io devices wm load_bios ' +
      'memory_map_read8 memory_map_write8 memory_map_read32 memory_map_write32 reboot_internal reset_cpu write_blob ' +
      'device_raise_irq device_lower_irq codegen_finalize get_state_pic set_state_pic get_state_apic set_state_apic get_state_ioapic ' +
      'set_state_ioapic pack_memory unpack_memory',
  ],
  [
    'exports',
    'memory get_real_eip get_eflags fpu_load_status_word read8 read32s write8 write32 jit_dirty_cache instr_CD',
  ],
  ['io', 'ports create_empty_entry register_read register_write'],
  ['port', 'read8 read16 read32 write8 write16 write32 device'],
  ['devices', 'pci rtc vga ps2 fdc ide pit dma uart0'],
  ['pci', 'devices device_spaces pci_addr pci_addr32 raise_irq lower_irq set_state'],
  [
    'dma',
    'channel_addr channel_page channel_pagehi channel_count channel_count_init channel_mask channel_mode on_unmask',
  ],
  ['rtc', 'timer cmos_data cmos_read cmos_write'],
]

async function objects(t: TestContext): Promise<Readonly<Record<string, object>>> {
  const { v86: loop } = await bareV86<V86Emulator>(t)
  const { cpu } = loop
  const { io, devices } = cpu
  const { pci, rtc, dma } = devices
  return { loop, cpu, exports: cpu.wm.exports, io, port: io.ports[0x60]!, devices, pci, dma, rtc }
}

test('v86 is the one that the patches are made for', async () => {
  const { version } = JSON.parse(await readFile(file('../package.json'), 'utf8')) as { version: string }
  assert.equal(version.split('+')[0], v86Version)
  const own = JSON.parse(await readFile(fileURLToPath(new URL('../../../../package.json', import.meta.url)), 'utf8'))
  assert.equal(own.dependencies.v86, v86Version, 'pinned, without a range')
  for (const [name, hash] of Object.entries(build)) {
    assert.equal(
      createHash('sha256')
        .update(await readFile(file(name)))
        .digest('hex'),
      hash,
      name,
    )
  }
})

test('v86 has everything that is used of it', async (t) => {
  const those = await objects(t)
  const missing = names.flatMap(([object, used]) =>
    used.split(' ').flatMap((name) => (name in those[object]! ? [] : [`${object}.${name}`])),
  )
  assert.deepEqual(missing, [])
})
