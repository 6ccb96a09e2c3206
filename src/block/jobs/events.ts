import { event, int, oneOf, opt, req, str } from '../../qapi/index.ts'
import { jobStatuses } from './job-states.ts'

/** What jobs do, in the order of the schema. Those behind `create` are QEMU's alone. */
export const jobTypes = [
  'commit',
  'stream',
  'mirror',
  'backup',
  'create',
  'amend',
  'snapshot-load',
  'snapshot-save',
  'snapshot-delete',
] as const
export type JobType = (typeof jobTypes)[number]

export const JobTypeName = oneOf('JobType', jobTypes)
export const JobStatusName = oneOf('JobStatus', jobStatuses)

const stamp = '"timestamp": { "seconds": 1267061043, "microseconds": 959568 }'

const progress = {
  type: req(JobTypeName, 'what it does'),
  device: req(str, 'id of the job; that of its drive, if nobody gave it one'),
  len: req(int, 'bytes that it is about, as far as is known'),
  offset: req(int, 'bytes of them that are done'),
  speed: req(int.wide, 'bytes a second that it keeps to; 0 for no limit'),
}

/** Events of jobs: declared here because this room emits them. */
export const jobEvents = {
  JOB_STATUS_CHANGE: event({
    since: '3.0',
    doc: 'A job stands elsewhere now.',
    data: { id: req(str, 'the job'), status: req(JobStatusName, 'where it stands') },
    examples: [`{ "event": "JOB_STATUS_CHANGE", "data": { "id": "job0", "status": "running" }, ${stamp} }`],
  }),
  BLOCK_JOB_COMPLETED: event({
    since: '1.1',
    doc: 'A job on images has ended, and was not cancelled.',
    data: { ...progress, error: opt(str, 'why it has failed; absent if it has not. For a person: not for programs') },
    examples: [
      `{ "event": "BLOCK_JOB_COMPLETED", "data": { "type": "stream", "device": "virtio-disk0", "len": 10737418240, "offset": 10737418240, "speed": 0 }, ${stamp} }`,
    ],
  }),
  BLOCK_JOB_CANCELLED: event({
    since: '1.1',
    doc: 'A job on images has been cancelled.',
    data: progress,
    examples: [
      `{ "event": "BLOCK_JOB_CANCELLED", "data": { "type": "stream", "device": "virtio-disk0", "len": 10737418240, "offset": 134217728, "speed": 0 }, ${stamp} }`,
    ],
  }),
  BLOCK_JOB_ERROR: event({
    since: '1.3',
    doc: 'A request of a job has failed.',
    data: {
      device: req(str, 'id of the job'),
      operation: req(oneOf('IoOperationType', ['read', 'write']), 'what has failed'),
      action: req(oneOf('BlockErrorAction', ['ignore', 'report', 'stop']), 'what becomes of the job'),
    },
    examples: [
      `{ "event": "BLOCK_JOB_ERROR", "data": { "device": "ide0-hd1", "operation": "write", "action": "stop" }, ${stamp} }`,
    ],
  }),
  BLOCK_JOB_READY: event({
    since: '1.3',
    doc: 'A job has everything that there was to copy, goes on with what is written, and can be completed at any time.',
    data: progress,
    examples: [
      `{ "event": "BLOCK_JOB_READY", "data": { "device": "drive0", "type": "mirror", "speed": 0, "len": 2097152, "offset": 2097152 }, ${stamp} }`,
    ],
  }),
  BLOCK_JOB_PENDING: event({
    since: '2.12',
    doc: 'A job is done but for what it changes at its end, and waits for job-finalize.',
    data: { type: req(JobTypeName, 'what it does'), id: req(str, 'the job') },
    examples: [`{ "event": "BLOCK_JOB_PENDING", "data": { "type": "mirror", "id": "backup_1" }, ${stamp} }`],
  }),
}
