/** What the firmware configuration device has for a guest, beside QEMU's. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { type Program, qemu, vmon } from '../oracle/programs.ts'
import { firmwareKernel, firmwareValues, longestFirmwareFile } from './kernel-guests.ts'
import { sentByKernel } from './run-kernel.ts'

const timeout = 300_000
const entryBytes = 64
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmon-fw-cfg-'))
  await writeFile(join(folder, 'kernel'), firmwareKernel())
  await writeFile(
    join(folder, 'bytes'),
    Uint8Array.from({ length: 300 }, (_, index) => index),
  )
  await writeFile(join(folder, 'structure'), Buffer.from('\x81\x06\x34\x12\x01\x02one\0two\0\0', 'latin1'))
  await writeFile(join(folder, 'oem'), 'from a file')
})
after(() => rm(folder, { recursive: true }))

interface Configuration {
  /** By key, in hexadecimal digits. */
  readonly values: ReadonlyMap<number, string>
  /** By name; undefined if it is long. */
  readonly files: ReadonlyMap<string, Buffer | undefined>
}

/** What has arrived, and whether all of it has. */
function parse(sent: Buffer): Configuration & { readonly whole: boolean } {
  const values = new Map<number, string>()
  let at = 0
  for (const [key, bytes] of firmwareValues) values.set(key, sent.toString('hex', at, (at += bytes)))
  const files = new Map<string, Buffer | undefined>()
  while (at + entryBytes <= sent.length) {
    const length = sent.readUInt32BE(at)
    const name = sent.toString('latin1', at + 8, at + entryBytes).replace(/\0.*$/s, '')
    at += entryBytes
    files.set(
      name,
      length > longestFirmwareFile ? undefined : sent.subarray(at, (at += Math.min(length, sent.length - at))),
    )
  }
  return { values, files, whole: at === sent.length - 1 && sent[at] === 'Z'.charCodeAt(0) }
}

async function configuration(program: Program, ...words: readonly string[]): Promise<Configuration> {
  const enough = (sent: Buffer): boolean => parse(sent).whole
  return parse(await sentByKernel(program, { words: ['-kernel', 'kernel', ...words], folder, enough }))
}

const uuid = '01234567-89ab-cdef-0123-456789abcdef'
/** What is there on QEMU and not here, and the other way round. */
const ofQemu = ['bios-geometry', 'genroms/kvmvapic.bin', 'etc/acpi/rsdp', 'etc/acpi/tables', 'etc/tpm/log']

describe('the firmware configuration device', {
  skip: missingProgram('qemu-system-i386'),
  timeout: 6 * timeout,
}, () => {
  it('has QEMU’s values and files, and those that were asked for', async () => {
    const words = ['-uuid', uuid, '-fw_cfg', 'name=opt/text,string=hello,, world', '-fw_cfg', 'opt/bytes,file=bytes']
    const [theirs, own] = [await configuration(qemu, ...words), await configuration(vmon, ...words)]
    assert.deepEqual(own.values, theirs.values)
    assert.equal(own.values.get(2), uuid.replaceAll('-', ''))
    const names = (found: Configuration): string[] => [...found.files.keys()].filter((name) => !ofQemu.includes(name))
    assert.deepEqual(names(own), names(theirs))
    assert.equal(own.files.get('opt/text')!.toString(), 'hello, world')
    for (const name of ['opt/bytes', 'etc/e820', 'etc/system-states', 'etc/boot-fail-wait'])
      assert.deepEqual(own.files.get(name), theirs.files.get(name), name)
  })

  it('has nothing of ACPI where that is switched off', async () => {
    const words = ['-machine', 'acpi=off', '-device', 'vmgenid']
    const [theirs, own] = [await configuration(qemu, ...words), await configuration(vmon, ...words)]
    const names = (found: Configuration): string[] => [...found.files.keys()].filter((name) => !ofQemu.includes(name))
    assert.deepEqual(names(own), names(theirs))
    for (const name of ['etc/table-loader', 'etc/system-states', 'etc/vmgenid_guid'])
      assert.ok(!own.files.has(name), name)
  })

  for (const [title, words] of [
    ['where nothing is said', []],
    ['with a UUID', ['-uuid', uuid]],
    [
      'with every type that can be said',
      [
        ...['-smbios', 'type=0,vendor=me,version=1.0,date=01/02/2003,release=4.5,uefi=on'],
        ...['-smbios', `type=1,manufacturer=a,product=b,,c,version=d,serial=e,sku=f,family=g,uuid=${uuid}`],
        ...['-smbios', 'type=2,asset=x,location=y', '-smbios', 'type=2,serial=z'],
        ...['-smbios', 'type=3,manufacturer=chassis,sku=', '-smbios', 'type=4,sock_pfx=S,max-speed=3000,part=p'],
        ...['-smbios', 'type=8,internal_reference=i,connector_type=0x12,port_type=9', '-smbios', 'type=8'],
        ...['-smbios', 'type=11,value=one,value=two,path=oem', '-smbios', 'type=17,bank=b,speed=1600,loc_pfx=L'],
        ...['-smbios', 'type=41,designation=Sound,kind=sound,instance=3', '-smbios', 'file=structure'],
      ],
    ],
  ] as const) {
    it(`has QEMU’s tables for dmidecode, but for what is the processor’s own: ${title}`, async () => {
      const [theirs, own] = [await configuration(qemu, ...words), await configuration(vmon, ...words)]
      for (const name of ['etc/smbios/smbios-anchor', 'etc/smbios/smbios-tables']) {
        assert.equal(withoutCpu(own.files.get(name)!), withoutCpu(theirs.files.get(name)!), name)
      }
    })
  }
})

/** Type 4 tells which processor it is: QEMU's is another one. */
function withoutCpu(tables: Buffer): string {
  const at = tables.indexOf(Buffer.from([4, 42, 0x00, 0x04]))
  if (at >= 0) tables.fill(0, at + 8, at + 16)
  return tables.toString('latin1')
}
