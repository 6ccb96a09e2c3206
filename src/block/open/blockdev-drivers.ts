import { BlockError } from '../block-error.ts'

/** Every driver that QEMU has, in its order (QAPI's BlockdevDriver); driver-names.ts has those of this version. */
export const blockdevDrivers = [
  'blkdebug',
  'blklogwrites',
  'blkreplay',
  'blkverify',
  'bochs',
  'cloop',
  'compress',
  'copy-before-write',
  'copy-on-read',
  'dmg',
  'file',
  'snapshot-access',
  'ftp',
  'ftps',
  'gluster',
  'host_cdrom',
  'host_device',
  'http',
  'https',
  'iscsi',
  'luks',
  'nbd',
  'nfs',
  'null-aio',
  'null-co',
  'nvme',
  'parallels',
  'preallocate',
  'qcow',
  'qcow2',
  'qed',
  'quorum',
  'raw',
  'rbd',
  'replication',
  'ssh',
  'throttle',
  'vdi',
  'vhdx',
  'vmdk',
  'vpc',
  'vvfat',
] as const

/**
 * @param member - what says it, by its name in QAPI
 * @throws {BlockError} kind `invalid` in QEMU's words, if QEMU has no such driver
 */
export function checkDriverWord(member: string, word: string): void {
  if ((blockdevDrivers as readonly string[]).includes(word)) return
  throw new BlockError('invalid', `Parameter '${member}' does not accept value '${word}'`, { option: member })
}
