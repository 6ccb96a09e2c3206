import type { DriveTuning, ThrottleLimit } from '../block/index.ts'
import { example, family, int, list, nothing, opt, req, str, uint64 } from '../qapi/index.ts'

const command = family<{ tuning: DriveTuning }>()

const none = 'none if 0'
const rate = (what: string) => req(int.wide, `${what} a second; ${none}`)
const burst = (what: string) => opt(int.wide, `${what} a second during a burst; ${none}`)
const seconds = (what: string) => opt(int.wide, `seconds that a burst of ${what} may last; default 1`)
const boundaries = (what: string) =>
  opt(list(uint64.wide), `boundaries for ${what}, in nanoseconds, rising; none end the sorting`)

type Integer = number | bigint

/** What numbers cannot hold exactly is more than may be. */
const limit = (rate: Integer, burst: Integer = 0, burstSeconds: Integer = 1): ThrottleLimit => ({
  rate: Number(rate),
  burst: Number(burst),
  burstSeconds: Number(burstSeconds),
})

/** What the guest may do with its drives, and what images are like. */
export const blockTuningCommands = {
  block_resize: command({
    since: '0.14',
    doc: 'Change the size of an image while the guest uses it. What is cut off is lost.',
    args: {
      device: opt(str, 'drive that holds the image; counts before @node-name', { complete: 'drive' }),
      'node-name': opt(str, 'node of the image', { complete: 'node' }),
      size: req(int.wide, 'new size in bytes'),
    },
    returns: nothing,
    errors: [
      'if there is no such drive or node, or no medium in it',
      'if the image is read only, in use by a job, or of a format that keeps its size',
      'if the size is negative, or not one that the format can have',
    ],
    examples: [
      example(
        'an empty drive',
        `
        -> { "execute": "block_resize", "arguments": { "device": "ide1-cd0", "size": 1073741824 } }
        <- { "error": { "class": "GenericError", "desc": "Device 'ide1-cd0' has no medium" } }`,
        { options: '' },
      ),
    ],
    preconfig: true,
    async run({ tuning }, { device, 'node-name': nodeName, size }) {
      await tuning.resize({ device, nodeName }, size)
      return {}
    },
  }),

  block_set_io_throttle: command({
    since: '1.1',
    doc: 'Limit what the guest may do with a drive. All limits are replaced; zeroes everywhere end the limiting.',
    args: {
      device: opt(str, 'name of the drive', { complete: 'drive', features: ['deprecated'] }),
      id: opt(str, 'guest device that has the drive: its id, or its QOM path', { complete: 'device' }),
      bps: rate('bytes'),
      bps_rd: rate('bytes read'),
      bps_wr: rate('bytes written'),
      iops: rate('operations'),
      iops_rd: rate('reads'),
      iops_wr: rate('writes'),
      bps_max: burst('bytes'),
      bps_rd_max: burst('bytes read'),
      bps_wr_max: burst('bytes written'),
      iops_max: burst('operations'),
      iops_rd_max: burst('reads'),
      iops_wr_max: burst('writes'),
      bps_max_length: seconds('bytes'),
      bps_rd_max_length: seconds('bytes read'),
      bps_wr_max_length: seconds('bytes written'),
      iops_max_length: seconds('operations'),
      iops_rd_max_length: seconds('reads'),
      iops_wr_max_length: seconds('writes'),
      iops_size: opt(int.wide, 'a request of more bytes counts as several operations; each counts as one if 0'),
      group: opt(str, 'drives that share the limits; the name of the drive by default'),
    },
    returns: nothing,
    errors: [
      'DeviceNotFound, if there is no such drive',
      'GenericError, unless exactly one of @device and @id is given',
      'GenericError, if the drive is empty, or if the limits contradict each other',
    ],
    examples: [
      example(
        'an empty drive',
        `
        -> { "execute": "block_set_io_throttle", "arguments": { "device": "ide1-cd0", "bps": 1000000, "bps_rd": 0, "bps_wr": 0, "iops": 0, "iops_rd": 0, "iops_wr": 0 } }
        <- { "error": { "class": "GenericError", "desc": "Device has no medium" } }`,
        { options: '' },
      ),
    ],
    preconfig: true,
    async run({ tuning }, { device, id, group, iops_size = 0, ...words }) {
      const limits = {
        'bps-total': limit(words.bps, words.bps_max, words.bps_max_length),
        'bps-read': limit(words.bps_rd, words.bps_rd_max, words.bps_rd_max_length),
        'bps-write': limit(words.bps_wr, words.bps_wr_max, words.bps_wr_max_length),
        'iops-total': limit(words.iops, words.iops_max, words.iops_max_length),
        'iops-read': limit(words.iops_rd, words.iops_rd_max, words.iops_rd_max_length),
        'iops-write': limit(words.iops_wr, words.iops_wr_max, words.iops_wr_max_length),
        iopsSize: iops_size,
      }
      await tuning.limit({ device, id }, limits, group)
      return {}
    },
  }),

  'block-latency-histogram-set': command({
    since: '4.0',
    doc: 'Sort the operations of a drive by how long they take, from now on; query-blockstats shows the result. Without any boundaries the sorting ends.',
    args: {
      id: req(str, 'guest device that has the drive: its id, or its QOM path', { complete: 'device' }),
      boundaries: boundaries('all operations'),
      'boundaries-read': boundaries('reads'),
      'boundaries-write': boundaries('writes'),
      'boundaries-flush': boundaries('flushes'),
    },
    returns: nothing,
    errors: ['DeviceNotFound, if there is no such device', 'if boundaries do not rise, or begin with 0'],
    examples: [
      example(
        'no such device',
        `
        -> { "execute": "block-latency-histogram-set", "arguments": { "id": "drive0", "boundaries": [ 10, 50, 100 ] } }
        <- { "error": { "class": "DeviceNotFound", "desc": "Device 'drive0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ tuning }, { id, boundaries, ...others }) {
      const [read, write, flush] = [others['boundaries-read'], others['boundaries-write'], others['boundaries-flush']]
      await tuning.sortByLatency(id, {
        ...given('read', read ?? boundaries),
        ...given('write', write ?? boundaries),
        ...given('flush', flush ?? boundaries),
      })
      return {}
    },
  }),

  'block-set-write-threshold': command({
    since: '2.3',
    doc: 'Tell, by an event, of the next write beyond an offset of a node; for growing an image in time.',
    args: {
      'node-name': req(str, 'the node', { complete: 'node' }),
      'write-threshold': req(uint64.wide, 'the offset in bytes; 0 for none'),
    },
    returns: nothing,
    emits: ['BLOCK_WRITE_THRESHOLD'],
    errors: ['if there is no such node'],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "block-set-write-threshold", "arguments": { "node-name": "disk0", "write-threshold": 17179869184 } }
        <- { "error": { "class": "GenericError", "desc": "Device 'disk0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ tuning }, { 'node-name': nodeName, 'write-threshold': threshold }) {
      await tuning.watchWrites(nodeName, threshold)
      return {}
    },
  }),
}

/** A list only if the client gave one. */
function given(operation: 'read' | 'write' | 'flush', boundaries: readonly Integer[] | undefined) {
  return boundaries === undefined ? {} : { [operation]: boundaries }
}
