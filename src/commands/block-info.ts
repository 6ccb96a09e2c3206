import {
  bool,
  type Infer,
  int,
  list,
  type Member,
  type ObjectType,
  oneOf,
  opt,
  req,
  type StructOf,
  str,
  struct,
  type Type,
  union,
} from '../qapi/index.ts'

export const BlockDeviceIoStatus = oneOf('BlockDeviceIoStatus', ['ok', 'failed', 'nospace'])
export const BlockdevDetectZeroesOptions = oneOf('BlockdevDetectZeroesOptions', ['off', 'on', 'unmap'])

/** A snapshot inside an image (QAPI's SnapshotInfo). */
export const SnapshotInfo = struct('SnapshotInfo', {
  id: req(str, 'number that the image gave it'),
  name: req(str, 'name that the user gave it'),
  'vm-state-size': req(int, 'bytes of machine state in it; 0 for a snapshot of the disk alone'),
  'date-sec': req(int, 'when it was taken: seconds since the epoch'),
  'date-nsec': req(int, 'and nanoseconds'),
  'vm-clock-sec': req(int, 'how long the guest had run: seconds'),
  'vm-clock-nsec': req(int, 'and nanoseconds'),
  icount: opt(int, 'instructions that the guest had executed, if they are counted'),
})

const QCryptoCipherAlgorithm = oneOf('QCryptoCipherAlgorithm', [
  'aes-128',
  'aes-192',
  'aes-256',
  'des',
  '3des',
  'cast5-128',
  'serpent-128',
  'serpent-192',
  'serpent-256',
  'twofish-128',
  'twofish-192',
  'twofish-256',
])
const QCryptoCipherMode = oneOf('QCryptoCipherMode', ['ecb', 'cbc', 'xts', 'ctr'])
const QCryptoIVGenAlgorithm = oneOf('QCryptoIVGenAlgorithm', ['plain', 'plain64', 'essiv'])
const QCryptoHashAlgorithm = oneOf('QCryptoHashAlgorithm', [
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'ripemd160',
])

const QCryptoBlockInfoLUKSSlot = struct('QCryptoBlockInfoLUKSSlot', {
  active: req(bool, 'whether a passphrase opens it'),
  iters: opt(int, 'iterations of the key derivation'),
  stripes: opt(int, 'stripes of the key material'),
  'key-offset': req(int, 'offset of the key material, in bytes'),
})

const QCryptoBlockInfoLUKS = struct('QCryptoBlockInfoLUKS', {
  'cipher-alg': req(QCryptoCipherAlgorithm, 'cipher of the data'),
  'cipher-mode': req(QCryptoCipherMode, 'mode of the cipher'),
  'ivgen-alg': req(QCryptoIVGenAlgorithm, 'how initialisation vectors are made'),
  'ivgen-hash-alg': opt(QCryptoHashAlgorithm, 'hash that makes them'),
  'hash-alg': req(QCryptoHashAlgorithm, 'hash of the master key'),
  'payload-offset': req(int, 'offset of the data, in bytes'),
  'master-key-iters': req(int, 'iterations of the master key derivation'),
  uuid: req(str, 'identity of the image'),
  slots: req(list(QCryptoBlockInfoLUKSSlot), 'places for passphrases'),
})

const ImageInfoSpecificQCow2Encryption = union('ImageInfoSpecificQCow2Encryption', {
  base: { format: req(oneOf('BlockdevQcow2EncryptionFormat', ['aes', 'luks']), 'kind of encryption') },
  discriminator: 'format',
  branches: { luks: QCryptoBlockInfoLUKS, aes: undefined },
})

const Qcow2BitmapInfo = struct('Qcow2BitmapInfo', {
  name: req(str, 'name of the bitmap'),
  granularity: req(int, 'bytes for each bit'),
  flags: req(list(oneOf('Qcow2BitmapInfoFlags', ['in-use', 'auto'])), 'its flags'),
})

const ImageInfoSpecificQCow2 = struct('ImageInfoSpecificQCow2', {
  compat: req(str, 'version of the format: 0.10 or 1.1'),
  'data-file': opt(str, 'file that holds the data'),
  'data-file-raw': opt(bool, 'whether that file is a raw image by itself'),
  'extended-l2': opt(bool, 'whether clusters are divided in subclusters'),
  'lazy-refcounts': opt(bool, 'whether reference counts may lag behind'),
  corrupt: opt(bool, 'whether the image is marked as corrupt'),
  'refcount-bits': req(int, 'width of a reference count'),
  encrypt: opt(ImageInfoSpecificQCow2Encryption, 'encryption'),
  bitmaps: opt(list(Qcow2BitmapInfo), 'dirty bitmaps in the image'),
  'compression-type': req(oneOf('Qcow2CompressionType', ['zlib', 'zstd']), 'compression of clusters'),
})

const ImageInfoSpecificRbd = struct('ImageInfoSpecificRbd', {
  'encryption-format': opt(oneOf('RbdImageEncryptionFormat', ['luks', 'luks2']), 'kind of encryption'),
})

const imageMembers = {
  filename: req(str, 'name of the image file'),
  format: req(str, 'format of the image'),
  'dirty-flag': opt(bool, 'whether the image was not closed cleanly'),
  'actual-size': opt(int, 'bytes that it takes on its storage'),
  'virtual-size': req(int, 'bytes that the guest sees'),
  'cluster-size': opt(int, 'bytes in a cluster'),
  encrypted: opt(bool, 'whether it is encrypted'),
  compressed: opt(bool, 'whether it is compressed'),
  'backing-filename': opt(str, 'name of the backing file, as the image has it'),
  'full-backing-filename': opt(str, 'the same, seen from here'),
  'backing-filename-format': opt(str, 'format of the backing file'),
  snapshots: opt(list(SnapshotInfo), 'snapshots in the image'),
}

/** An image: the type is written out because it holds itself, as its backing image and as an extent. */
export interface ImageInfo extends StructOf<typeof imageMembers> {
  readonly 'backing-image'?: ImageInfo
  readonly 'format-specific'?: ImageInfoSpecific
}

interface ImageInfoSpecificVmdk {
  readonly 'create-type': string
  readonly cid: number
  readonly 'parent-cid': number
  readonly extents: ImageInfo[]
}

type ImageInfoSpecific =
  | { readonly type: 'qcow2'; readonly data: Infer<typeof ImageInfoSpecificQCow2> }
  | { readonly type: 'vmdk'; readonly data: ImageInfoSpecificVmdk }
  | { readonly type: 'luks'; readonly data: Infer<typeof QCryptoBlockInfoLUKS> }
  | { readonly type: 'rbd'; readonly data: Infer<typeof ImageInfoSpecificRbd> }

const ImageInfoSpecificVmdk: ObjectType<ImageInfoSpecificVmdk> = struct('ImageInfoSpecificVmdk', {
  'create-type': req(str, 'how the image is laid out'),
  cid: req(int, 'identity of the contents'),
  'parent-cid': req(int, 'identity of the contents of the parent'),
  get extents(): Member<ImageInfo[], false> {
    return req(list(ImageInfo), 'files that hold the data')
  },
})

const data = <T>(type: Type<T>) => ({ data: req(type, 'what the format knows of the image') })

const ImageInfoSpecific: ObjectType<ImageInfoSpecific> = union('ImageInfoSpecific', {
  base: { type: req(oneOf('ImageInfoSpecificKind', ['qcow2', 'vmdk', 'luks', 'rbd']), 'format of the image') },
  discriminator: 'type',
  branches: {
    qcow2: struct('ImageInfoSpecificQCow2Wrapper', data(ImageInfoSpecificQCow2)),
    vmdk: struct('ImageInfoSpecificVmdkWrapper', data(ImageInfoSpecificVmdk)),
    luks: struct('ImageInfoSpecificLUKSWrapper', data(QCryptoBlockInfoLUKS)),
    rbd: struct('ImageInfoSpecificRbdWrapper', data(ImageInfoSpecificRbd)),
  },
})

const ImageInfo: ObjectType<ImageInfo> = struct('ImageInfo', {
  ...imageMembers,
  get 'backing-image'(): Member<ImageInfo, true> {
    return opt(ImageInfo, 'the image below')
  },
  // A getter only for the sake of the order: behind a spread, V8 puts accessors after plain members.
  get 'format-specific'(): Member<ImageInfoSpecific, true> {
    return opt(ImageInfoSpecific, 'what only this format knows')
  },
})

const BlockdevCacheInfo = struct('BlockdevCacheInfo', {
  writeback: req(bool, 'whether a write is complete before it is on stable storage'),
  direct: req(bool, "whether requests go around the host's page cache"),
  'no-flush': req(bool, 'whether flushes are left out'),
})

const BlockDirtyInfo = struct('BlockDirtyInfo', {
  name: opt(str, 'name of the bitmap'),
  count: req(int, 'dirty bytes'),
  granularity: req(int, 'bytes for each bit'),
  recording: req(bool, 'whether writes are noted'),
  busy: req(bool, 'whether an operation holds it'),
  persistent: req(bool, 'whether the image keeps it'),
  inconsistent: opt(bool, 'whether it cannot be trusted'),
})

export const BlockDeviceInfo = struct('BlockDeviceInfo', {
  file: req(str, 'name of the image file'),
  'node-name': opt(str, 'name of the node'),
  ro: req(bool, 'whether it can only be read'),
  drv: req(str, 'driver that opened it'),
  backing_file: opt(str, 'name of the backing file'),
  backing_file_depth: req(int, 'images below it'),
  encrypted: req(bool, 'whether it is encrypted'),
  detect_zeroes: req(BlockdevDetectZeroesOptions, 'whether writes of zeroes take no space'),
  bps: req(int, 'limit in bytes a second; 0 for none'),
  bps_rd: req(int, 'the same for reads'),
  bps_wr: req(int, 'the same for writes'),
  iops: req(int, 'limit in operations a second; 0 for none'),
  iops_rd: req(int, 'the same for reads'),
  iops_wr: req(int, 'the same for writes'),
  image: req(ImageInfo, 'the image'),
  bps_max: opt(int, 'bytes a second during a burst'),
  bps_rd_max: opt(int, 'the same for reads'),
  bps_wr_max: opt(int, 'the same for writes'),
  iops_max: opt(int, 'operations a second during a burst'),
  iops_rd_max: opt(int, 'the same for reads'),
  iops_wr_max: opt(int, 'the same for writes'),
  bps_max_length: opt(int, 'seconds that a burst of bytes may last'),
  bps_rd_max_length: opt(int, 'the same for reads'),
  bps_wr_max_length: opt(int, 'the same for writes'),
  iops_max_length: opt(int, 'seconds that a burst of operations may last'),
  iops_rd_max_length: opt(int, 'the same for reads'),
  iops_wr_max_length: opt(int, 'the same for writes'),
  iops_size: opt(int, 'bytes that count as one operation'),
  group: opt(str, 'drives that share the limits'),
  cache: req(BlockdevCacheInfo, 'caches in use'),
  write_threshold: req(int, 'offset from which a write is told of; 0 for none'),
  'dirty-bitmaps': opt(list(BlockDirtyInfo), 'dirty bitmaps'),
})

/** A drive (QAPI's BlockInfo). */
export const BlockInfo = struct('BlockInfo', {
  device: req(str, 'name of the drive'),
  qdev: opt(str, 'id of the device that has the drive, or its QOM path'),
  type: req(str, "always 'unknown'"),
  removable: req(bool, 'whether media can be changed'),
  locked: req(bool, 'whether the guest has locked the tray'),
  inserted: opt(BlockDeviceInfo, 'the medium; absent if there is none'),
  tray_open: opt(bool, 'whether the tray is open; absent if there is none'),
  'io-status': opt(BlockDeviceIoStatus, 'whether an error has stopped the guest; absent if none ever does'),
})
