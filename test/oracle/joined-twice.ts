const chardevs = '-chardev null,id=x -chardev null,id=y'
const netdevs = '-netdev hubport,hubid=0,id=x -netdev hubport,hubid=0,id=y'

/**
 * Command lines that QEMU 7.2 refuses, as in `command-lines.ts`: what is said of all devices of a kind conflicts with what is
 * said of one, and sizes of blocks that no floppy has.
 */
export const refusedJoins: readonly (readonly [words: readonly string[], said: string])[] = [
  line(`-drive if=floppy,driver=null-co ${drives('x')} -global floppy.drive=x`, '', conflict('floppy', 'floppy0')),
  line(`-drive if=ide,driver=null-co ${drives('x')} -global ide-hd.drive=x`, '', conflict('ide-hd', 'ide0-hd0')),
  line(`${drives('x', 'y')} -global floppy.drive=x`, '-device floppy,drive=y', conflict('floppy', 'y')),
  line(`${drives('x', 'y')} -global ide-hd.drive=x`, '-device ide-hd,drive=y', conflict('ide-hd', 'y')),
  line(
    `${drives('x', 'y')} -device virtio-scsi-pci -global scsi-hd.drive=x`,
    '-device scsi-hd,drive=y',
    conflict('scsi-hd', 'y'),
  ),
  line(
    `${chardevs} -global isa-serial.chardev=x`,
    '-device isa-serial,chardev=y',
    'chardev=y conflicts, and override is not implemented',
  ),
  line(
    `${chardevs} -global isa-debugcon.chardev=x`,
    '-device isa-debugcon,chardev=y',
    '-global isa-debugcon.chardev=... conflicts with chardev=y',
  ),
  line(
    `${netdevs} -global e1000.netdev=x`,
    '-device e1000,netdev=y',
    '-global e1000.netdev=... conflicts with netdev=y',
  ),
  line(
    `${netdevs} -global virtio-net-pci.netdev=x`,
    '-device virtio-net-pci,netdev=y',
    'netdev=y conflicts, and override is not implemented',
  ),
  line(
    `${drives('x')} -global floppy.drive=x -device floppy,unit=1`,
    '-device floppy',
    "can't apply global floppy.drive=x: Drive 'x' is already in use by another device",
  ),
  line(
    '-global floppy.drive=zz',
    '-device floppy',
    "can't apply global floppy.drive=zz: Property 'floppy.drive' can't find value 'zz'",
  ),
  line(
    '-global virtio-blk-pci.drive=zz',
    '-device virtio-blk-pci',
    "can't apply global virtio-blk-pci.drive=zz: Property 'virtio-blk-device.drive' can't find value 'zz'",
  ),
  line(
    '',
    '-device floppy,logical_block_size=100',
    "Property .logical_block_size doesn't take value 100 (minimum: 512, maximum: 2097152)",
  ),
  line(
    '',
    '-device floppy,physical_block_size=1000',
    "Property .physical_block_size doesn't take value '1000', it's not a power of 2",
  ),
  line('', '-device floppy,logical_block_size=4096', 'logical_block_size > physical_block_size not supported'),
  line('', '-device floppy,min_io_size=100', 'min_io_size must be a multiple of logical_block_size'),
  line('', '-device floppy,opt_io_size=100', 'opt_io_size must be a multiple of logical_block_size'),
  line('', '-device floppy,discard_granularity=5', 'discard_granularity must be a multiple of logical_block_size'),
  line('', '-device floppy,physical_block_size=1024', 'Physical and logical block size must be 512 for floppy'),
]

function conflict(driver: string, drive: string): string {
  return `-global ${driver}.drive=... conflicts with drive=${drive}`
}

/** @param origin - the last words of the line, which stand before what is said of them */
function line(first: string, origin: string, said: string): readonly [readonly string[], string] {
  const words = `${first} ${origin}`.trim().split(' ')
  return [words, origin === '' ? said : `${origin}: ${said}`]
}

function drives(...ids: readonly string[]): string {
  return ids.map((id) => `-drive if=none,driver=null-co,id=${id}`).join(' ')
}
