import { type JobSet, startMachineJob } from '../block/index.ts'
import type { MachineSnapshots } from '../migration/index.ts'
import { example, family, list, nothing, req, str } from '../qapi/index.ts'

const command = family<{ jobs: JobSet; snapshots: MachineSnapshots }>()

const job = req(str, 'name of the job that does it, and is to be dismissed')
const tag = (text: string) => req(str, text)
const vmstate = (text: string) => req(str, text, { complete: 'node' })
const devices = (text: string) => req(list(str), text, { complete: 'node' })

const told = [
  'if the job cannot have that name. What goes wrong later is told by query-jobs: an image that has no snapshots, say',
]

/** Snapshots of the whole machine, inside its images. */
export const snapshotCommands = {
  'snapshot-save': command({
    since: '6.0',
    doc: 'Keep the whole machine inside its images: CPU, devices and RAM in one of them, and in each what it shows. The guest stands still meanwhile. The state is of a format of its own, which no QEMU takes.',
    args: {
      'job-id': job,
      tag: tag('name of the snapshot'),
      vmstate: vmstate('node of the image that gets the state of the machine; one of @devices'),
      devices: devices('nodes of the images that are to have the snapshot'),
    },
    returns: nothing,
    emits: ['JOB_STATUS_CHANGE', 'STOP', 'RESUME'],
    errors: told,
    examples: [
      example(
        'no name for a job',
        `
        -> { "execute": "snapshot-save", "arguments": { "job-id": "1", "tag": "a", "vmstate": "disk0", "devices": [ "disk0" ] } }
        <- { "error": { "class": "GenericError", "desc": "Invalid job ID '1'" } }`,
      ),
    ],
    run({ jobs, snapshots }, { 'job-id': id, tag: name, vmstate: stateNode, devices: nodes }) {
      startMachineJob(jobs, { id, type: 'snapshot-save' }, () =>
        snapshots.save({ name, overwrite: false, stateNode, devices: nodes }),
      )
      return {}
    },
  }),

  'snapshot-load': command({
    since: '6.0',
    doc: 'Let the machine go on from where it was when a snapshot was made, and its images show what they showed. What was since then is lost. If it fails, the machine stands still.',
    args: {
      'job-id': job,
      tag: tag('name of the snapshot'),
      vmstate: vmstate('node of the image that has the state of the machine; one of @devices'),
      devices: devices('nodes of the images that have the snapshot'),
    },
    returns: nothing,
    emits: ['JOB_STATUS_CHANGE', 'STOP', 'RESUME'],
    errors: told,
    examples: [
      example(
        'no name for a job',
        `
        -> { "execute": "snapshot-load", "arguments": { "job-id": "1", "tag": "a", "vmstate": "disk0", "devices": [ "disk0" ] } }
        <- { "error": { "class": "GenericError", "desc": "Invalid job ID '1'" } }`,
      ),
    ],
    run({ jobs, snapshots }, { 'job-id': id, tag: name, vmstate: stateNode, devices: nodes }) {
      startMachineJob(jobs, { id, type: 'snapshot-load' }, () => snapshots.load(name, { stateNode, devices: nodes }))
      return {}
    },
  }),

  'snapshot-delete': command({
    since: '6.0',
    doc: 'Delete a snapshot from images, where they have one of that name.',
    args: {
      'job-id': job,
      tag: tag('name of the snapshot'),
      devices: devices('nodes of the images'),
    },
    returns: nothing,
    emits: ['JOB_STATUS_CHANGE'],
    errors: told,
    examples: [
      example(
        'no name for a job',
        `
        -> { "execute": "snapshot-delete", "arguments": { "job-id": "1", "tag": "a", "devices": [ "disk0" ] } }
        <- { "error": { "class": "GenericError", "desc": "Invalid job ID '1'" } }`,
      ),
    ],
    run({ jobs, snapshots }, { 'job-id': id, tag: name, devices: nodes }) {
      startMachineJob(jobs, { id, type: 'snapshot-delete' }, () => snapshots.delete(name, nodes))
      return {}
    },
  }),
}
