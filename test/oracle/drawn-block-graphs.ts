/**
 * Commands about images, nodes, filters, devices and jobs, drawn at random, so that many of them work and the rest are
 * refused: names are few, and what they name comes and goes.
 */
import fc from 'fast-check'

/** A command as it goes over the wire. */
export interface BlockCommand {
  readonly execute: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Makes the files that the commands name. */
export const blockFiles = [
  'qemu-img create -q -f qcow2 a.qcow2 1M',
  'qemu-img create -q -f qcow2 -b a.qcow2 -F qcow2 b.qcow2',
  'qemu-img create -q -f qcow2 -b b.qcow2 -F qcow2 c.qcow2',
  'qemu-img create -q -f qcow2 e.qcow2 1M',
  'qemu-img create -q -f qcow2 -b nosuch.img -F raw -u g.qcow2 1M',
  'qemu-img bitmap --add e.qcow2 kept',
  "for file in a b e; do qemu-io -f qcow2 -c 'write -P 97 64k 128k' $file.qcow2 >/dev/null; done",
  'truncate -s 1M r.raw',
  'truncate -s 512K t.raw',
]

/** What the machine has from the start. */
export const blockOptions = [
  ...['-device', 'virtio-scsi-pci,id=scsi0'],
  ...['-object', 'throttle-group,id=tg0,x-iops-total=1000'],
  ...['-blockdev', 'driver=file,node-name=f0,filename=r.raw'],
  ...['-blockdev', 'driver=raw,node-name=n0,file=f0'],
  ...['-blockdev', 'driver=qcow2,node-name=n1,file.driver=file,file.filename=c.qcow2'],
  ...['-blockdev', 'driver=qcow2,node-name=n2,file.driver=file,file.filename=e.qcow2'],
]

const node = fc.constantFrom('n0', 'n1', 'n2', 'n3', 'n0', 'n1', 'n2', 'n3', 'f0', 'f0', 'f1', 'nosuch')
const newNode = fc.constantFrom('n3', 'n3', 'n3', 'f1', 'f1', 'n0', 'n2', '1x')
const device = fc.constantFrom('d0', 'd1')
const job = fc.constantFrom('j0', 'j1')
const bitmap = fc.constantFrom('b0', 'b1', 'kept')
const filename = fc.constantFrom('a.qcow2', 'b.qcow2', 'c.qcow2', 'e.qcow2', 'g.qcow2', 'r.raw', 't.raw')
const size = fc.constantFrom(0, 512, 1000, 65536, 1048576, 2097152, 2 ** 40)
const sectors = fc.constantFrom(0, 512, 65536, 1048576, 2 ** 40)

/** An object that has each member now and then. */
const some = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>, withKeys: readonly string[] = []) =>
  fc.record({ ...members }, { requiredKeys: [...withKeys] })

const file = fc.record({ driver: fc.constant('file'), filename })
const common = {
  'node-name': newNode,
  'read-only': fc.boolean(),
  'auto-read-only': fc.boolean(),
  discard: fc.constantFrom('unmap', 'ignore'),
  'detect-zeroes': fc.constantFrom('on', 'off', 'unmap'),
  'force-share': fc.constant(true),
}

/** Few of the common options, or hardly anything would open. */
const options = (
  driver: string,
  own: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  needed: readonly string[],
): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .tuple(some({ ...own }, needed), some(common), fc.array(fc.constantFrom(...Object.keys(common)), { maxLength: 1 }))
    .map(([mine, all, kept]) => ({
      driver,
      ...Object.fromEntries(Object.entries(all).filter(([name]) => name === 'node-name' || kept.includes(name))),
      ...mine,
    }))

const child = fc.oneof({ weight: 3, arbitrary: node }, { weight: 2, arbitrary: file })
const named = ['node-name']
const nodeOptions = fc.oneof(
  { weight: 4, arbitrary: options('file', { 'node-name': newNode, filename }, ['filename', ...named]) },
  {
    weight: 5,
    arbitrary: options(
      'qcow2',
      {
        'node-name': newNode,
        file: fc.oneof(file, file, node),
        backing: fc.oneof(fc.constant(null), node),
        'lazy-refcounts': fc.boolean(),
      },
      ['file', ...named],
    ),
  },
  {
    weight: 3,
    arbitrary: options('raw', { 'node-name': newNode, file: child, offset: sectors, size: sectors }, [
      'file',
      ...named,
    ]),
  },
  { weight: 1, arbitrary: options('null-co', { 'node-name': newNode, size }, ['size', ...named]) },
  ...(['copy-on-read', 'preallocate', 'compress'] as const).map((driver) => ({
    weight: 1,
    arbitrary: options(driver, { 'node-name': newNode, file: child }, ['file', ...named]),
  })),
  {
    weight: 1,
    arbitrary: options(
      'throttle',
      { 'node-name': newNode, file: child, 'throttle-group': fc.constantFrom('tg0', 'none') },
      [...['file', 'throttle-group'], ...named],
    ),
  },
  { weight: 1, arbitrary: options('blkdebug', { 'node-name': newNode, image: node }, ['image', ...named]) },
  {
    weight: 1,
    arbitrary: options('copy-before-write', { 'node-name': newNode, file: child, target: node }, [
      ...['file', 'target'],
      ...named,
    ]),
  },
)

const jobOptions = { 'auto-finalize': fc.boolean(), 'auto-dismiss': fc.boolean() }
const ioLine = fc.constantFrom(
  ...['write -P 7 0 64k', 'read 0 64k', 'write -z 64k 64k', 'discard 0 128k', 'write 1000k 64k', 'alloc 0 1M'],
  ...['flush', 'length', 'read -P 97 64k 64k', 'write -c 0 64k'],
)

const command = (execute: string, own: fc.Arbitrary<Record<string, unknown>>): fc.Arbitrary<BlockCommand> =>
  own.map((members) => ({ execute, arguments: members }))

/** One command. Its weight is how often it comes. */
export const blockCommand: fc.Arbitrary<BlockCommand> = fc.oneof(
  { weight: 22, arbitrary: command('blockdev-add', nodeOptions) },
  { weight: 7, arbitrary: command('blockdev-del', fc.record({ 'node-name': node })) },
  { weight: 6, arbitrary: command('blockdev-snapshot', fc.record({ node, overlay: node })) },
  {
    weight: 6,
    arbitrary: command(
      'device_add',
      some(
        {
          driver: fc.constantFrom('scsi-hd', 'scsi-cd', 'virtio-blk-pci'),
          id: device,
          drive: node,
          'share-rw': fc.boolean(),
        },
        ['driver', 'id', 'drive'],
      ),
    ),
  },
  {
    weight: 3,
    arbitrary: command(
      'block-dirty-bitmap-add',
      some({ node, name: bitmap, granularity: fc.constantFrom(512, 65536, 1000), persistent: fc.boolean() }, [
        'node',
        'name',
      ]),
    ),
  },
  ...(['remove', 'clear', 'enable', 'disable'] as const).map((verb) => ({
    weight: 1,
    arbitrary: command(`block-dirty-bitmap-${verb}`, fc.record({ node, name: bitmap })),
  })),
  {
    weight: 1,
    arbitrary: command(
      'block-dirty-bitmap-merge',
      fc.record({ node, target: bitmap, bitmaps: fc.array(bitmap, { minLength: 1, maxLength: 2 }) }),
    ),
  },
  {
    weight: 5,
    arbitrary: command(
      'block-stream',
      some({ device: node, 'job-id': job, 'base-node': node, ...jobOptions }, ['device', 'job-id']),
    ),
  },
  {
    weight: 4,
    arbitrary: command(
      'block-commit',
      some({ device: node, 'job-id': job, 'top-node': node, 'base-node': node, ...jobOptions }, ['device', 'job-id']),
    ),
  },
  {
    weight: 4,
    arbitrary: command(
      'blockdev-mirror',
      some(
        {
          ...{ device: node, target: node, 'job-id': job, sync: fc.constantFrom('full', 'top', 'none', 'incremental') },
          ...{ 'copy-mode': fc.constantFrom('background', 'write-blocking'), ...jobOptions },
        },
        ['device', 'target', 'job-id', 'sync'],
      ),
    ),
  },
  {
    weight: 4,
    arbitrary: command(
      'blockdev-backup',
      some(
        {
          ...{ device: node, target: node, 'job-id': job, sync: fc.constantFrom('full', 'top', 'none', 'bitmap') },
          ...{ bitmap, 'bitmap-mode': fc.constantFrom('never', 'always', 'on-success'), ...jobOptions },
        },
        ['device', 'target', 'job-id', 'sync'],
      ),
    ),
  },
  { weight: 3, arbitrary: command('block_resize', fc.record({ 'node-name': node, size })) },
  ...(['cancel', 'cancel', 'complete', 'dismiss', 'finalize', 'pause', 'resume'] as const).map((verb) => ({
    weight: 2,
    arbitrary: command(`job-${verb}`, fc.record({ id: job })),
  })),
  {
    weight: 2,
    arbitrary: command(
      'blockdev-create',
      fc.record({
        'job-id': job,
        options: fc.record({ driver: fc.constantFrom('qcow2', 'raw'), file: node, size: fc.constant(1048576) }),
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: command('blockdev-snapshot-internal-sync', fc.record({ device: node, name: fc.constantFrom('s0', '') })),
  },
  {
    weight: 6,
    arbitrary: command(
      'human-monitor-command',
      fc.tuple(node, ioLine).map(([which, line]) => ({ 'command-line': `qemu-io ${which} "${line}"` })),
    ),
  },
)
