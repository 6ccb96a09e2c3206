import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ProbeBoard } from '../guests/probe-board.ts'
import { callCode, poke } from '../guests/probe-guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Guest, qemu, vmon } from './guest.ts'

type Properties = Readonly<Record<string, unknown>>

async function expansions(guest: Guest, name: string): Promise<readonly [Properties, Properties]> {
  const ask = async (type: string): Promise<Properties> => {
    const answer = await guest.execute('query-cpu-model-expansion', { type, model: { name } })
    const { model } = answer as { model: { name: string; props: Properties } }
    assert.equal(model.name, type === 'static' ? 'base' : name)
    return model.props
  }
  return [await ask('static'), await ask('full')]
}

/** Names of the bits of registers that CPUID gives, from the lowest on; `.` has none. */
const bits = (text: string): readonly string[] => text.trim().split(/\s+/)
const leaves: readonly (readonly [leaf: number, register: 'ebx' | 'ecx' | 'edx', names: readonly string[]])[] = [
  [
    1,
    'edx',
    bits(`fpu vme de pse tsc msr pae mce cx8 apic . sep mtrr pge mca cmov pat pse36 pn clflush . ds acpi mmx fxsr sse
      sse2 ss ht tm ia64 pbe`),
  ],
  [
    1,
    'ecx',
    bits(`pni pclmulqdq dtes64 monitor ds-cpl vmx smx est tm2 ssse3 cid . fma cx16 xtpr pdcm . pcid dca sse4.1 sse4.2
      x2apic movbe popcnt tsc-deadline aes xsave . avx f16c rdrand hypervisor`),
  ],
  [
    7,
    'ebx',
    bits(`fsgsbase tsc-adjust sgx bmi1 hle avx2 . smep bmi2 erms invpcid rtm . . mpx . avx512f avx512dq rdseed adx smap
      avx512ifma pcommit clflushopt clwb intel-pt avx512pf avx512er avx512cd sha-ni avx512bw avx512vl`),
  ],
]
const withoutFeatures = [
  [7, 'ecx'],
  [7, 'edx'],
  [0x80000001, 'ecx'],
  [0x80000001, 'edx'],
] as const

test('a CPU model is told to be what a guest sees by CPUID', async (t) => {
  await using machine = await Guest.start(vmon, ['-accel', 'none'], t.signal)
  const [properties] = await expansions(machine, 'qemu32')
  const probe = await ProbeBoard.start(t)
  const cpuid = async (leaf: number, register: 'eax' | 'ebx' | 'ecx' | 'edx'): Promise<number> => {
    const home = 0x9000
    const to = { eax: 0xc0, ebx: 0xd8, ecx: 0xc8, edx: 0xd0 }[register]
    // mov eax, leaf; xor ecx, ecx; push ebx; cpuid; mov eax, register; pop ebx; ret
    const code = [0xb8, ...Buffer.from(Uint32Array.of(leaf).buffer), 0x31, 0xc9, 0x53, 0x0f, 0xa2, 0x89, to, 0x5b, 0xc3]
    return (await probe.ask(...code.map((byte, at) => poke(home + at, 1, byte)), callCode(home))).at(-1)!
  }
  const seen = new Set<string>()
  for (const [leaf, register, names] of leaves) {
    const word = await cpuid(leaf, register)
    names.forEach((name, bit) => {
      if ((word >>> bit) & 1) seen.add(name)
    })
  }
  for (const [leaf, register] of withoutFeatures) assert.equal(await cpuid(leaf, register), 0, `${leaf} ${register}`)
  const told = Object.keys(properties).filter((name) => properties[name] === true)
  assert.deepEqual(told.sort(), [...seen].sort())

  const { family, model, stepping, vendor } = properties
  assert.deepEqual([family, model, stepping], [6, 7, 3])
  assert.equal((await cpuid(1, 'eax')) & 0xfff, 0x673)
  const text = Buffer.from(Uint32Array.of(await cpuid(0, 'ebx'), await cpuid(0, 'edx'), await cpuid(0, 'ecx')).buffer)
  assert.equal(vendor, text.toString())
  assert.equal(properties['min-level'], await cpuid(0, 'eax'))
  assert.equal(properties['min-xlevel'], await cpuid(0x80000000, 'eax'))
})

describe("an expanded CPU model has the members of QEMU's", { skip: missingProgram(qemu[0]!) }, () => {
  for (const name of ['qemu32', 'max', 'base', 'host'])
    test(name, async (t) => {
      await using ours = await Guest.start(vmon, ['-accel', 'none'], t.signal)
      await using theirs = await Guest.start(qemu, [], t.signal)
      const shape = (properties: Properties) =>
        Object.entries(properties).map(([member, value]) => `${member}: ${typeof value}`)
      const [few, many] = await expansions(ours, name)
      const [theirFew, theirMany] = await expansions(theirs, name)
      assert.deepEqual(shape(few), shape(theirFew))
      // Beyond these, the order is that of a hash table of QEMU's objects.
      assert.deepEqual(shape(many).sort(), shape(theirMany).sort())
    })
})

test("libvirt's questions lead to the processor itself", async (t) => {
  await using machine = await Guest.start(vmon, ['-accel', 'none'], t.signal)
  const ask = async (type: string, model: object): Promise<unknown> => {
    const { model: told } = (await machine.execute('query-cpu-model-expansion', { type, model })) as { model: unknown }
    return told
  }
  const [few] = await expansions(machine, 'host')
  const { name, props } = (await ask('full', { name: 'base', props: few })) as { name: string; props: Properties }
  assert.deepEqual([name, props['sse2'], props['sse3'], props['avx'], props['family']], ['base', true, true, false, 6])
  assert.deepEqual(await ask('static', { name: 'base', props: few }), { name: 'base', props: few })
  assert.deepEqual(await ask('static', { name: 'host', props: { migratable: false } }), { name: 'base', props: few })
  const refused = { message: /Property 'host-i386-cpu.hv-passthrough' is not writable/ }
  await assert.rejects(ask('full', { name: 'host', props: { 'hv-passthrough': true } }), refused)
  await assert.rejects(ask('full', { name: 'base', props: { avx: true } }), /'base-i386-cpu.avx' is not writable/)
})
