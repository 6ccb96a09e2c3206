import { type AmendOptions, accessToDrive, accessToNode, type DriveSet, type GraphControl } from '../../block/index.ts'
import type { BlockIo, Voices } from '../../block-io/index.ts'
import { hmpFamily } from '../hmp-command.ts'

/** Where single requests to images are made, and where lines of their own go: to the user of the program, as with QEMU. */
export interface BlockIoPart {
  readonly io: BlockIo
  print(line: string): void
  warn(line: string): void
}

const command = hmpFamily<{
  drives: Pick<DriveSet, 'find' | 'locate' | 'image'>
  graph: Pick<GraphControl, 'amendOptions'>
  blockIo: BlockIoPart
}>()

/** Single requests to images. */
export const qemuIoCommands = {
  'qemu-io': command({
    args: 'qdev:-d,device:B,command:s',
    params: '[-d] [device] "[command]"',
    help: 'run a qemu-io command on a block device\n\t\t\t-d: [device] is a device ID rather than a drive ID or node name',
    async run({ parts: { drives, graph, blockIo }, print, signal }, { qdev, device, command: line }) {
      const { io } = blockIo
      const voices: Voices = {
        say: (text) => blockIo.print(withoutEnd(text)),
        warn: (text) => blockIo.warn(withoutEnd(text)),
        complain: (text) => print(`${text}\n`),
        show: print,
      }
      const amend: AmendOptions = (node, options) => graph.amendOptions(node, options)
      const drive = qdev ? drives.locate({ id: device }) : drives.find(device)
      if (drive !== undefined) {
        await io.run(line, { access: accessToDrive(drive, amend), voices, signal })
        return
      }
      const image = drives.image({ nodeName: device })
      await using access = await accessToNode(image, { description: 'an unnamed block device', amend })
      await io.run(line, { access, voices, signal })
      // As with QEMU, what was begun ends before the node is let go.
      await io.quietOn(access)
    },
  }),
}

function withoutEnd(text: string): string {
  return text.replace(/\n$/, '')
}
