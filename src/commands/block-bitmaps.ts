import type { BitmapControl, BitmapStep } from '../block/index.ts'
import {
  bool,
  either,
  example,
  family,
  type Infer,
  list,
  nothing,
  opt,
  req,
  str,
  struct,
  uint32,
} from '../qapi/index.ts'

const command = family<{ bitmaps: BitmapControl }>()

export const BlockDirtyBitmap = struct('BlockDirtyBitmap', {
  node: req(str, 'drive or node that has the bitmap', { complete: 'node' }),
  name: req(str, 'name of the bitmap'),
})

export const BlockDirtyBitmapAdd = struct('BlockDirtyBitmapAdd', {
  node: req(str, 'drive or node whose writes are noted', { complete: 'node' }),
  name: req(str, 'name of the bitmap'),
  granularity: opt(uint32, 'bytes for each bit; a cluster by default, between 4 and 64 KiB'),
  persistent: opt(bool, 'whether the image keeps it when it is closed; only qcow2 can'),
  disabled: opt(bool, 'whether it notes nothing for now'),
})

const BlockDirtyBitmapOrStr = either('BlockDirtyBitmapOrStr', { string: str, object: BlockDirtyBitmap })

export const BlockDirtyBitmapMerge = struct('BlockDirtyBitmapMerge', {
  node: req(str, 'drive or node that has the target', { complete: 'node' }),
  target: req(str, 'name of the bitmap that takes the notes'),
  bitmaps: req(list(BlockDirtyBitmapOrStr), 'bitmaps with the notes: of the same node by name, others with their node'),
})

const BlockDirtyBitmapSha256 = struct('BlockDirtyBitmapSha256', {
  sha256: req(str, 'SHA-256 of the bits, in hexadecimal digits'),
})

/** The step that does what a command says. */
export const addStep = ({ disabled, ...words }: Infer<typeof BlockDirtyBitmapAdd>): BitmapStep => ({
  type: 'block-dirty-bitmap-add',
  target: { ...words, disabled },
})

export const mergeStep = ({ node, target, bitmaps }: Infer<typeof BlockDirtyBitmapMerge>): BitmapStep => ({
  type: 'block-dirty-bitmap-merge',
  target: { node, target, sources: bitmaps },
})

const noBitmap = 'if there is no such node, or no such bitmap'
const unusable = 'if an operation uses the bitmap, or if it is inconsistent'

/** Notes of what has been written. */
export const blockBitmapCommands = {
  'block-dirty-bitmap-add': command({
    since: '2.4',
    doc: 'Note from now on which parts of an image are written.',
    args: BlockDirtyBitmapAdd,
    returns: nothing,
    errors: [
      'if there is no such node',
      'if the name is empty, too long or taken',
      'if the granularity is less than 512 bytes, or no power of two',
      'if it is to be persistent and the image cannot keep it',
    ],
    examples: [
      example(
        'a node of nothing',
        `
        -> { "execute": "blockdev-add", "arguments": { "driver": "null-co", "node-name": "nothing" } }
        <- { "return": {} }
        -> { "execute": "block-dirty-bitmap-add", "arguments": { "node": "nothing", "name": "bitmap0" } }
        <- { "return": {} }
        -> { "execute": "block-dirty-bitmap-add", "arguments": { "node": "nothing", "name": "bitmap0" } }
        <- { "error": { "class": "GenericError", "desc": "Bitmap already exists: bitmap0" } }`,
      ),
    ],
    preconfig: true,
    async run({ bitmaps }, words) {
      await bitmaps.run(addStep(words))
      return {}
    },
  }),

  'block-dirty-bitmap-remove': command({
    since: '2.4',
    doc: 'Remove a dirty bitmap, from the image too if it keeps it.',
    args: BlockDirtyBitmap,
    returns: nothing,
    errors: [noBitmap, 'if an operation uses the bitmap, or if its image is open for reading'],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "block-dirty-bitmap-remove", "arguments": { "node": "disk0", "name": "bitmap0" } }
        <- { "error": { "class": "GenericError", "desc": "Node 'disk0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ bitmaps }, target) {
      await bitmaps.run({ type: 'block-dirty-bitmap-remove', target })
      return {}
    },
  }),

  'block-dirty-bitmap-clear': command({
    since: '2.4',
    doc: 'Forget everything that a dirty bitmap has noted.',
    args: BlockDirtyBitmap,
    returns: nothing,
    errors: [noBitmap, unusable, 'if its image is open for reading'],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "block-dirty-bitmap-clear", "arguments": { "node": "disk0", "name": "bitmap0" } }
        <- { "error": { "class": "GenericError", "desc": "Node 'disk0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ bitmaps }, target) {
      await bitmaps.run({ type: 'block-dirty-bitmap-clear', target })
      return {}
    },
  }),

  'block-dirty-bitmap-enable': command({
    since: '4.0',
    doc: 'Let a dirty bitmap note writes from now on.',
    args: BlockDirtyBitmap,
    returns: nothing,
    errors: [noBitmap, unusable],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "block-dirty-bitmap-enable", "arguments": { "node": "disk0", "name": "bitmap0" } }
        <- { "error": { "class": "GenericError", "desc": "Node 'disk0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ bitmaps }, target) {
      await bitmaps.run({ type: 'block-dirty-bitmap-enable', target })
      return {}
    },
  }),

  'block-dirty-bitmap-disable': command({
    since: '4.0',
    doc: 'Let a dirty bitmap note nothing more; what it has noted stays.',
    args: BlockDirtyBitmap,
    returns: nothing,
    errors: [noBitmap, unusable],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "block-dirty-bitmap-disable", "arguments": { "node": "disk0", "name": "bitmap0" } }
        <- { "error": { "class": "GenericError", "desc": "Node 'disk0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ bitmaps }, target) {
      await bitmaps.run({ type: 'block-dirty-bitmap-disable', target })
      return {}
    },
  }),

  'block-dirty-bitmap-merge': command({
    since: '4.0',
    doc: 'Note in a dirty bitmap what others have noted; those stay as they are. If one of them cannot be used, nothing is noted.',
    args: BlockDirtyBitmapMerge,
    returns: nothing,
    errors: [
      noBitmap,
      unusable,
      'if the images are of different sizes',
      'if the image of the target is open for reading',
    ],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "block-dirty-bitmap-merge", "arguments": { "node": "disk0", "target": "bitmap0", "bitmaps": [ "bitmap1" ] } }
        <- { "error": { "class": "GenericError", "desc": "Node 'disk0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ bitmaps }, words) {
      await bitmaps.run(mergeStep(words))
      return {}
    },
  }),

  'x-debug-block-dirty-bitmap-sha256': command({
    since: '2.10',
    doc: 'Tell the SHA-256 of what a dirty bitmap has noted, for tests.',
    args: BlockDirtyBitmap,
    returns: BlockDirtyBitmapSha256,
    errors: [noBitmap],
    features: ['unstable'],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "x-debug-block-dirty-bitmap-sha256", "arguments": { "node": "disk0", "name": "bitmap0" } }
        <- { "error": { "class": "GenericError", "desc": "Node 'disk0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ bitmaps }, name) {
      return { sha256: bitmaps.sha256(name) }
    },
  }),
}
