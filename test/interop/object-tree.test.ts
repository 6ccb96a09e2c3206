import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'
import { reasonOf, treeDifferences } from './tree-differences.ts'
import { type Walked, walkTree } from './walk-tree.ts'

const monitor = ['-display', 'none', '-S', '-qmp', 'unix:qmp.sock,server=on,wait=off']
const images = 'truncate -s 1M disk.img; truncate -s 1440K floppy.img'

/** Every virtio device that there is; the folder that is shared is the one that the machine is started in. */
const virtioMachine = [
  ...['-m', '64', '-nodefaults', '-drive', 'if=none,id=d0,file=disk.img,format=raw', '-device', 'virtio-scsi-pci,id=s'],
  ...['-device', 'virtio-blk-pci,drive=d0,id=b', '-device', 'virtio-serial-pci', '-device', 'virtio-rng-pci'],
  ...['-object', 'rng-builtin,id=r', '-device', 'virtio-rng-pci,rng=r,id=r2', '-device', 'virtio-balloon-pci'],
  ...['-fsdev', 'local,id=f,path=.,security_model=none', '-device', 'virtio-9p-pci,fsdev=f,mount_tag=t'],
  ...['-netdev', 'user,id=n', '-device', 'virtio-net-pci,netdev=n,mac=52:54:00:12:34:56'],
  ...['-device', 'virtio-keyboard-pci', '-device', 'virtio-mouse-pci', '-device', 'virtio-tablet-pci,id=t'],
  ...['-chardev', 'null,id=n0', '-device', 'virtserialport,chardev=n0,name=a.b', '-device', 'scsi-cd,id=cd,bus=s.0'],
  ...['-device', 'virtconsole,chardev=n1', '-chardev', 'null,id=n1'],
]

/** What is left: cards, ports, and disks as they are seldom. */
const otherDevices = [
  ...['-no-hpet', '-parallel', 'null', '-chardev', 'null,id=q', '-device', 'isa-parallel,chardev=q,id=lp'],
  ...['-m', '64', '-nodefaults', '-netdev', 'user,id=n0', '-netdev', 'user,id=n1', '-netdev', 'user,id=n2'],
  ...['-device', 'e1000,netdev=n0,mac=52:54:00:12:34:57,id=e', '-device', 'rtl8139,netdev=n1,mac=52:54:00:12:34:58'],
  ...[
    '-device',
    'ne2k_pci,netdev=n2,mac=52:54:00:12:34:59,bootindex=3',
    '-chardev',
    'null,id=c',
    '-chardev',
    'null,id=d',
  ],
  ...['-device', 'pci-serial,chardev=c,id=p', '-device', 'isa-debugcon,chardev=d,iobase=0x402'],
  ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-device', 'vmgenid,guid=324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87'],
  ...[
    '-blockdev',
    'raw,node-name=r,file.driver=file,file.filename=disk.img',
    '-device',
    'virtio-scsi-pci,num_queues=2',
  ],
  ...[
    '-device',
    'virtio-blk-pci,drive=r,serial=x,num-queues=2,queue-size=128,disable-legacy=on,multifunction=on,addr=9',
  ],
  ...[
    '-device',
    'virtio-rng-pci,addr=9.1,max-bytes=10,period=5',
    '-device',
    'virtio-balloon-pci,free-page-reporting=on',
  ],
  ...['-drive', 'file.driver=null-co,file.read-zeroes=on,if=none,id=z,format=raw'],
  ...['-device', 'scsi-hd,drive=z,id=h,scsi-id=3,lun=2,vendor=abc,product=def,serial=ser,ver=1.0,rotation_rate=1'],
]

/** What comes while the machine is there, in the order in which it comes. */
const lateDevices: readonly (readonly [command: string, about: object])[] = [
  ['chardev-add', { id: 'c', backend: { type: 'null', data: {} } }],
  ['chardev-add', { id: 'd', backend: { type: 'null', data: {} } }],
  ['blockdev-add', { driver: 'null-co', 'node-name': 'n', 'read-zeroes': true, size: 1 << 20 }],
  ['object-add', { 'qom-type': 'rng-random', id: 'r', filename: '/dev/urandom' }],
  ['device_add', { driver: 'virtio-serial-pci', id: 's' }],
  ['device_add', { driver: 'virtserialport', id: 'p', chardev: 'c', name: 'x.y' }],
  ['device_add', { driver: 'virtserialport', name: 'x.z' }],
  ['device_add', { driver: 'pci-serial', id: 'q', chardev: 'd' }],
  ['device_add', { driver: 'virtio-balloon-pci' }],
  ['device_add', { driver: 'virtio-rng-pci', rng: 'r', id: 'rr' }],
  ['device_add', { driver: 'virtio-scsi-pci', id: 'v' }],
  ['device_add', { driver: 'scsi-hd', drive: 'n', id: 'h' }],
  ['device_add', { driver: 'scsi-cd' }],
  ['device_add', { driver: 'i6300esb' }],
  ['device_add', { driver: 'virtio-tablet-pci', id: 't', addr: '1f.7' }],
]

const machines: Readonly<Record<string, readonly string[]>> = {
  'a PC': ['-m', '64'],
  'a PC without defaults': ['-m', '64', '-nodefaults'],
  'no PC': ['-machine', 'none'],
  'a PC with virtio devices': virtioMachine,
  'a PC with other devices': otherDevices,
  'a PC whose devices come later': ['-m', '64'],
  'a PC with devices': [
    ...['-m', '64', '-nodefaults', '-device', 'VGA,id=v,addr=5', '-device', 'isa-serial', '-device', 'ib700,id=w'],
    ...['-device', 'i6300esb', '-device', 'pvpanic-pci,addr=7', '-device', 'pvpanic,id=p', '-device', 'floppy,id=f'],
    ...['-drive', 'if=none,id=d0,file=disk.img,format=raw', '-device', 'ide-hd,drive=d0,id=h,serial=abc,bus=ide.1'],
    ...['-device', 'ide-cd,id=cd,bus=ide.1', '-drive', 'if=floppy,file=floppy.img,format=raw'],
    ...['-object', 'iothread,id=io', '-object', 'rng-builtin,id=r', '-object', 'secret,id=s,data=x'],
    ...['-object', 'throttle-group,id=t,x-iops-total=5', '-object', 'authz-simple,id=a,identity=x'],
    ...['-object', 'memory-backend-ram,id=m,size=1M', '-chardev', 'null,id=n', '-chardev', 'ringbuf,id=b'],
  ],
}

async function walked(command: readonly string[], options: readonly string[], late: typeof lateDevices = []) {
  await using server = await Server.start([...command, ...monitor, ...options], [images])
  await server.listening('qmp.sock')
  using client = await PlainClient.open(server.path('qmp.sock'))
  for (const [name, about] of late) await client.execute(name, about)
  return await walkTree(client)
}

describe('the tree of objects is that of QEMU, but for what a table says', { skip: qemu.skip }, () => {
  const used = new Set<string>()
  for (const [name, options] of Object.entries(machines))
    test(name, async () => {
      const late = name === 'a PC whose devices come later' ? lateDevices : []
      const [ours, theirs] = await Promise.all([
        walked([...vmon.command, '-accel', 'none'], options, late),
        walked(qemu.command, options, late),
      ])
      const wrong: string[] = []
      const tell = (what: 'absent' | 'value', path: string, property: string, { type }: Walked, text: string): void => {
        const reason = reasonOf(what, { path, property, type })
        if (reason === undefined) wrong.push(`${path} ${property}: ${text}`)
        else used.add(reason)
      }
      for (const [path, properties] of ours) {
        const other = theirs.get(path)
        if (other === undefined) {
          wrong.push(`${path}: QEMU has no such object`)
          continue
        }
        for (const [property, own] of properties) {
          const { type, value } = own
          const their = other.get(property)
          if (their === undefined) wrong.push(`${path} ${property}: QEMU has no such property`)
          else if (their.type !== type) wrong.push(`${path} ${property}: is ${type}, and ${their.type} in QEMU`)
          else if (!isDeepStrictEqual(value, their.value))
            tell(
              'value',
              path,
              property,
              own,
              `is ${JSON.stringify(value)}, and ${JSON.stringify(their.value)} in QEMU`,
            )
        }
        for (const [property, their] of other)
          if (!properties.has(property)) tell('absent', path, property, their, `there is none (${their.type})`)
      }
      assert.deepEqual(wrong, [])
    })

  test('each row of the table is true of one of these machines', () => {
    const idle = treeDifferences.filter(({ reason, chance }) => chance !== true && !used.has(reason))
    assert.deepEqual(idle, [])
  })
})

test('the types that vmon has are those of QEMU, with the same parents', { skip: qemu.skip }, async () => {
  const typesOf = async (command: readonly string[]) => {
    await using server = await Server.start([...command, ...monitor])
    await server.listening('qmp.sock')
    using client = await PlainClient.open(server.path('qmp.sock'))
    const types = (await client.execute('qom-list-types', { abstract: true })) as { name: string }[]
    return new Map(types.map((type) => [type.name, type]))
  }
  const ours = await typesOf([...vmon.command, '-accel', 'none'])
  const theirs = await typesOf(qemu.command)
  for (const [name, type] of ours) assert.deepEqual(type, theirs.get(name), name)
})
