import { allNodeStats, blockInfo, type DriveSet, driveStats, namedNodes } from '../block/index.ts'
import { bool, example, family, type Infer, list, opt } from '../qapi/index.ts'
import { BlockDeviceInfo, BlockInfo } from './block-info.ts'
import { BlockStats } from './block-stats.ts'

const command = family<{ drives: DriveSet }>()

/** Drives and their images. */
export const blockCommands = {
  'query-block': command({
    since: '0.14',
    doc: 'Tell which drives there are, and what is in them.',
    args: {},
    returns: list(BlockInfo),
    errors: ['if the host does not tell the size of an image file'],
    examples: [
      example(
        'a PC without disks',
        `
        -> { "execute": "query-block" }
        <- { "return": [ { "io-status": "ok", "device": "ide1-cd0", "locked": false, "removable": true, "qdev": "/machine/unattached/device[23]", "tray_open": false, "type": "unknown" }, { "device": "floppy0", "locked": false, "removable": true, "qdev": "/machine/unattached/device[16]", "type": "unknown" }, { "device": "sd0", "locked": false, "removable": true, "type": "unknown" } ] }`,
        { options: '' },
      ),
    ],
    preconfig: true,
    // What only a format knows of an image comes from its driver in QAPI's shape.
    run: ({ drives }) => blockInfo(drives) as Promise<Infer<typeof BlockInfo>[]>,
  }),

  'query-named-block-nodes': command({
    since: '2.0',
    doc: 'Tell which nodes there are, the newest first: images and what stores them, in drives or not.',
    args: { flat: opt(bool, 'leave out the backing images of each') },
    returns: list(BlockDeviceInfo),
    errors: ['if the host does not tell the size of an image file'],
    examples: [
      example(
        'a PC without disks',
        `
        -> { "execute": "query-named-block-nodes" }
        <- { "return": [] }`,
        { options: '' },
      ),
    ],
    preconfig: true,
    run: ({ drives }, { flat = false }) =>
      namedNodes(drives.graph, { flat }) as Promise<Infer<typeof BlockDeviceInfo>[]>,
  }),

  'query-blockstats': command({
    since: '0.14',
    doc: 'Tell what the guest has done with its drives.',
    args: { 'query-nodes': opt(bool, 'tell of all nodes instead') },
    returns: list(BlockStats),
    examples: [
      example(
        'the nodes of a PC without disks',
        `
        -> { "execute": "query-blockstats", "arguments": { "query-nodes": true } }
        <- { "return": [] }`,
        { options: '' },
      ),
    ],
    preconfig: true,
    run: ({ drives }, { 'query-nodes': nodes = false }) => (nodes ? allNodeStats(drives.graph) : driveStats(drives)),
  }),
}
