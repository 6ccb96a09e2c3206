/**
 * Writes to a drive while a job works on its chain of images, until it is killed; tells each flush that has succeeded, and
 * the image that the drive had then.
 *
 *     job-kill-writer FOLDER KIND FIRST SPEED
 */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { driveFromOptions } from '../drives/drive-options.ts'
import { loadStep } from '../formats/qcow2/kill-load.ts'
import { skipFilters } from '../graph/allocation.ts'
import { JobScene } from './job-scene.ts'

const stepsAtOnce = 4

const [folder = '', kind, first, speedWord] = process.argv.slice(2)
const file = (name: string): string => join(folder, `${name}.qcow2`)
const scene = new JobScene()
const config = driveFromOptions({ id: 'd0', if: 'none', file: file('top'), format: 'qcow2', discard: 'unmap' })
const drive = await scene.drives.add(config)
await drive.connect({ model: 'ide-hd', path: '/machine/d0', place: drive.place })
const common = { device: 'd0', id: 'j', speed: Number(speedWord) }

switch (kind) {
  case 'stream':
    await scene.control.stream(common)
    break
  case 'commit':
    await scene.control.commit({ ...common, top: file('lower'), base: file('base') })
    break
  case 'active':
    await scene.control.commit(common)
    break
  case 'mirror':
    await scene.control.mirrorToFile({ ...common, sync: 'full', target: file('copy'), format: 'qcow2' })
    break
  case 'backup':
    await scene.graph.transaction([
      { type: 'backup', options: { ...common, sync: 'full', target: file('copy'), format: 'qcow2' } },
    ])
    break
}
for (let number = Number(first); ; number += stepsAtOnce) {
  for (let next = number; next < number + stepsAtOnce; next++) {
    const { offset, length, fill } = loadStep(next)
    await drive.medium!.write(offset, new Uint8Array(length).fill(fill))
  }
  const job = scene.jobs.find('j')
  if (job?.ready === true && !job.hasRun) scene.jobs.complete(job)
  await drive.medium!.flush()
  // The file: a node whose backing image is another than its header says is called otherwise.
  writeSync(1, `${number + stepsAtOnce} ${skipFilters(drive.node!).child('file')!.filename}\n`)
}
