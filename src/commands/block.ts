import { blockInfo, type DriveSet } from '../block/index.ts'
import { example, family, list } from '../qapi/index.ts'
import { BlockInfo } from './block-info.ts'

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
    run: ({ drives }) => blockInfo(drives),
  }),
}
