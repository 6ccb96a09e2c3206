import { differs, notForUs, waitsFor } from '../expectation.ts'
import type { Exceptions, TestsByFormat } from './table.ts'

/** Tests that start a machine. */
export const emulatorTests: TestsByFormat = {
  qcow2: `007 028 030 040 041 051 055 056 057 060 065 068 071 082 085 086 087 091 095 096 099 102 108 117 118 120 124
    127 129 130 132 139 140 141 142 143 144 145 151 152 153 155 156 157 161 165 172 176 181 182 183 185 186 191
    192 194 195 196 200 201 202 203 206 208 216 218 219 223 224 227 228 229 232 234 235 236 238 240 242 244 245
    246 247 248 249 254 255 256 257 258 260 262 264 267 273 274 280 281 283 286 295 298 299 300 304 307 308
    310 312 backing-file-invalidation export-incoming-iothread fuse-allow-other image-fleecing
    migrate-bitmaps-postcopy-test migrate-bitmaps-test migrate-during-backup mirror-ready-cancel-error
    nbd-multiconn qcow2-internal-snapshots remove-bitmap-from-backing reopen-file stream-error-on-reset
    stream-under-throttle`,
  raw: '045 081 093 109 136 148 175 migration-permissions mirror-top-perms',
  luks: '210 295 296',
  vdi: '211',
  vmdk: '225 237',
  vpc: '266',
}

function all(names: string, reason: string): Exceptions {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, waitsFor(reason)]))
}

export const emulatorExceptions: Exceptions = {
  ...all('118', 'jobs that nobody has tried with it'),
  ...all('image-fleecing', 'exports of a filter that reads an earlier state'),
  ...all('200', 'bridges of PCI'),
  ...all('183', "the target's own lines about block migration (Receiving block device images)"),
  ...all('262', 'the driver blkverify'),
  ...all('240', 'disks that belong to an iothread, and are refused to another'),
  ...all('export-incoming-iothread', 'exports in iothreads'),
  ...all('nbd-multiconn', "libnbd's Python module"),
  ...all('qcow2-internal-snapshots', 'snapshots of the machine that nobody has tried with it'),
  ...all('081 099 312', 'quorum'),
  ...all('093 109 148 232', 'drivers that QEMU would not run it without: null-co on virtio, quorum, copy-on-read'),
  ...all('082', 'a driver of bochs, which Debian has not built'),
  '245': differs('an image moves to whichever iothread its new user has'),
  '274': differs('where an image is grown over a longer backing image, its map is cut at the end of that'),
  '264': differs('a job is cancelled when the server that is gone has had its time'),
  '185': differs('a mirror that keeps to a speed copies a MiB before it rests, and not all that its buffer holds'),
  '224': differs('the name of an image does not tell of the filter of a job below it'),
  '229': differs('a job that is cancelled says so before the answer'),
  '060': differs(
    'damaged tables that nobody needs are told of later, or by a check alone; counts are made anew in other places',
  ),
  '257': differs('which read fails where blkdebug counts them, also those of tables'),
  '225': differs('vmon does not write into images of VMDK'),
  '051': notForUs('wants an adapter of the model lsi53c895a'),
  '071': notForUs('wants the driver blkverify'),
  '181': notForUs('migrates the RAM after the machine'),
  '194': notForUs('migrates dirty bitmaps after the machine'),
  'migrate-bitmaps-postcopy-test': notForUs('migrates dirty bitmaps after the machine'),
  '201': notForUs('migrates the RAM after the machine'),
  '108': notForUs('wants a loop device, or images as a file system in user space'),
  '308': notForUs('exports images as a file system in user space'),
  'fuse-allow-other': notForUs('exports images as a file system in user space'),
}
