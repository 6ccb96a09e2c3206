import { lstat } from 'node:fs/promises'
import { basename } from 'node:path'
import { createDisk, openDisk } from '../../block/index.ts'
import { bool, oneOf, opt, req, size, str } from '../../qapi/index.ts'
import { confinedImage, ImageFormat } from './confined-image.ts'
import { machine, tool } from './needs.ts'

const NewFormat = oneOf('NewImageFormat', ['raw', 'qcow2'])
const drive = req(str, 'the drive, as disk_list names it: ide1-cd0, floppy0, ...')
const force = opt(bool, 'also if the guest has locked the tray')

/** Images, and the drives that they are in. */
export const diskTools = [
  tool({
    name: 'disk_create',
    doc: 'Make an empty disk image.',
    args: {
      file: req(str, 'the image, which must not be there yet'),
      size: opt(size, 'bytes that the guest sees; those of the backing file without it'),
      format: opt(NewFormat, 'format of the image; that of its ending, else raw'),
      backing: opt(str, 'an image that shows where nothing is written to this one (qcow2 only)'),
    },
    async run({ folder }, { file, size: bytes, format, backing }) {
      const filename = await folder.pathOf(file)
      if (
        await lstat(filename).then(
          () => true,
          () => false,
        )
      )
        throw new Error(`'${file}' is there already`)
      const below = backing === undefined ? undefined : await confinedImage(folder, backing)
      await createDisk(filename, {
        format: format ?? (file.endsWith('.qcow2') ? 'qcow2' : 'raw'),
        ...(bytes !== undefined && { size: bytes }),
        ...(below && { backing: { filename: below.path, format: below.format } }),
      })
      return `${basename(filename)} is there`
    },
  }),

  tool({
    name: 'disk_info',
    doc: 'Tell what an image is: format, size, what is behind it, its snapshots. It must not be in use by a machine that writes to it.',
    args: { file: req(str, 'the image'), format: opt(ImageFormat, 'its format; that of its ending, else raw') },
    hints: { readOnly: true },
    async run({ folder }, { file, format }) {
      const image = await confinedImage(folder, file, format)
      await using disk = await openDisk(image.path, { format: image.format, readOnly: true })
      return JSON.stringify(await disk.info(), undefined, 2)
    },
  }),

  tool({
    name: 'disk_list',
    doc: 'List the drives of a machine, and what is in them.',
    args: { machine },
    hints: { readOnly: true },
    async run({ machines }, { machine: name }, { signal }) {
      const drives = await machines.find(name).vm.qmp.execute('query-block', {}, { signal })
      const lines = drives.map(({ device, inserted, removable, locked, tray_open: open }) => {
        const held =
          inserted === undefined ? 'empty' : `${inserted.file} (${inserted.drv}${inserted.ro ? ', read-only' : ''})`
        const state = [removable ? 'removable' : 'fixed', ...(locked ? ['locked'] : []), ...(open ? ['tray open'] : [])]
        return `${device}: ${held} [${state.join(', ')}]`
      })
      return lines.join('\n') || 'the machine has no drives'
    },
  }),

  tool({
    name: 'disk_insert',
    doc: 'Put an image into a drive with removable media, in place of what is in it.',
    args: { machine, drive, file: req(str, 'the image'), format: opt(ImageFormat, 'its format'), force },
    async run({ machines, folder }, { machine: name, drive: device, file, format, force: forced = false }, { signal }) {
      const { qmp } = machines.find(name).vm
      const image = await confinedImage(folder, file, format)
      const medium = { device, filename: image.path, format: image.format, force: forced }
      await qmp.execute('blockdev-change-medium', medium, { signal })
      return `${file} is in ${device}`
    },
  }),

  tool({
    name: 'disk_eject',
    doc: 'Take the medium out of a drive.',
    args: { machine, drive, force },
    async run({ machines }, { machine: name, drive: device, force: forced = false }, { signal }) {
      await machines.find(name).vm.qmp.execute('eject', { device, force: forced }, { signal })
      return `${device} is empty`
    },
  }),
]
