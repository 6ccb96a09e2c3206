import { type JobSet, JobStatusName, JobTypeName } from '../block/index.ts'
import { bool, example, family, int, list, nothing, opt, req, str, struct } from '../qapi/index.ts'
import { BlockDeviceIoStatus } from './block-info.ts'

const command = family<{ jobs: JobSet }>()

const JobInfo = struct('JobInfo', {
  id: req(str, 'name of the job'),
  type: req(JobTypeName, 'what it does'),
  status: req(JobStatusName, 'where it stands'),
  'current-progress': req(int, 'how much is done, in whatever the job counts'),
  'total-progress': req(int, 'how much that will be at the end, as far as is known'),
  error: opt(str, 'why it has failed. For a person: not for programs'),
})

const BlockJobInfo = struct('BlockJobInfo', {
  type: req(str, 'what it does'),
  device: req(str, 'id of the job; that of its drive, if nobody gave it one'),
  len: req(int, 'what @offset will be at the end, as far as is known'),
  offset: req(int, 'bytes that are done'),
  busy: req(bool, 'whether it is at work at this moment; if not, it rests for a while'),
  paused: req(bool, 'whether it stands still, or soon will'),
  speed: req(int, 'bytes a second that it keeps to; 0 for no limit'),
  'io-status': req(BlockDeviceIoStatus, 'whether a request has failed and stopped it'),
  ready: req(bool, 'whether it can be completed'),
  status: req(JobStatusName, 'where it stands'),
  'auto-finalize': req(bool, 'whether it changes what it changes at its end without being told to'),
  'auto-dismiss': req(bool, 'whether it is forgotten at its end without being told to'),
  error: opt(str, 'why it has failed. For a person: not for programs'),
})

const classic = { device: req(str, 'id of the job', { complete: 'job' }) }
const modern = { id: req(str, 'the job', { complete: 'job' }) }

const noJob = 'if there is no such job'
const noBlockJob = 'DeviceNotActive, if there is no such job'
const wrongState = 'if it does not take that where it stands'

const missing = (name: string) =>
  example(
    'no such job',
    `
        -> { "execute": "${name}", "arguments": { "device": "drive0" } }
        <- { "error": { "class": "DeviceNotActive", "desc": "Block job 'drive0' not found" } }`,
  )

const missingId = (name: string) =>
  example(
    'no such job',
    `
        -> { "execute": "${name}", "arguments": { "id": "job0" } }
        <- { "error": { "class": "GenericError", "desc": "Job not found" } }`,
  )

const missingBlockId = (name: string) =>
  example(
    'no such job',
    `
        -> { "execute": "${name}", "arguments": { "id": "job0" } }
        <- { "error": { "class": "DeviceNotActive", "desc": "Block job 'job0' not found" } }`,
  )

/** What jobs there are, and what is asked of them. */
export const jobCommands = {
  'query-block-jobs': command({
    since: '1.1',
    doc: 'Tell which jobs on images there are, the newest first.',
    args: {},
    returns: list(BlockJobInfo),
    examples: [
      example(
        'none',
        `
        -> { "execute": "query-block-jobs" }
        <- { "return": [] }`,
      ),
    ],
    preconfig: true,
    run: ({ jobs }) => jobs.blockInfo,
  }),

  'query-jobs': command({
    since: '3.0',
    doc: 'Tell which jobs there are, the newest first.',
    args: {},
    returns: list(JobInfo),
    examples: [
      example(
        'none',
        `
        -> { "execute": "query-jobs" }
        <- { "return": [] }`,
      ),
    ],
    run: ({ jobs }) => jobs.info,
  }),

  'block-job-set-speed': command({
    since: '1.1',
    doc: 'Change how fast a job may be, at once.',
    args: { ...classic, speed: req(int.wide, 'bytes a second; 0 for no limit') },
    returns: nothing,
    errors: [noBlockJob, wrongState, 'if the speed is negative'],
    examples: [
      example(
        'no such job',
        `
        -> { "execute": "block-job-set-speed", "arguments": { "device": "drive0", "speed": 1048576 } }
        <- { "error": { "class": "DeviceNotActive", "desc": "Block job 'drive0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ jobs }, { device, speed }) {
      await jobs.setSpeed(jobs.onImages(device), Number(speed))
      return {}
    },
  }),

  'block-job-cancel': command({
    since: '1.1',
    doc: 'End a job. One that is ready ends well, with a good copy, but changes nothing then.',
    args: {
      ...classic,
      force: opt(bool, 'also if it stands still; one that is ready ends with whatever copy there is'),
    },
    returns: nothing,
    errors: [noBlockJob, wrongState, 'if it stands still because the user has paused it, and @force is not set'],
    examples: [missing('block-job-cancel')],
    preconfig: true,
    async run({ jobs }, { device, force = false }) {
      await jobs.cancelClassic(jobs.onImages(device), { force })
      return {}
    },
  }),

  'block-job-pause': command({
    since: '1.3',
    doc: 'Let a job stand still from its next chance on.',
    args: classic,
    returns: nothing,
    errors: [noBlockJob, wrongState, 'if it is paused already'],
    examples: [missing('block-job-pause')],
    preconfig: true,
    async run({ jobs }, { device }) {
      await jobs.pause(jobs.onImages(device))
      return {}
    },
  }),

  'block-job-resume': command({
    since: '1.3',
    doc: 'Let a job go on that was paused, by the user or by a request that has failed.',
    args: classic,
    returns: nothing,
    errors: [noBlockJob, wrongState, 'if it is not paused'],
    examples: [missing('block-job-resume')],
    preconfig: true,
    async run({ jobs }, { device }) {
      await jobs.resume(jobs.onImages(device))
      return {}
    },
  }),

  'block-job-complete': command({
    since: '1.3',
    doc: 'Let a job that is ready come to its end: a mirror gives the drive its copy.',
    args: classic,
    returns: nothing,
    errors: [noBlockJob, wrongState, 'if it is to be cancelled'],
    examples: [missing('block-job-complete')],
    preconfig: true,
    async run({ jobs }, { device }) {
      jobs.complete(jobs.onImages(device))
      return {}
    },
  }),

  'block-job-finalize': command({
    since: '2.12',
    doc: 'Let a job, and those that end with it, change what they change at their end.',
    args: modern,
    returns: nothing,
    errors: [noBlockJob, wrongState],
    examples: [missingBlockId('block-job-finalize')],
    preconfig: true,
    async run({ jobs }, { id }) {
      await jobs.finalize(jobs.onImages(id))
      return {}
    },
  }),

  'block-job-dismiss': command({
    since: '2.12',
    doc: 'Forget a job that has ended.',
    args: modern,
    returns: nothing,
    errors: [noBlockJob, wrongState],
    examples: [missingBlockId('block-job-dismiss')],
    preconfig: true,
    async run({ jobs }, { id }) {
      await jobs.dismiss(jobs.onImages(id))
      return {}
    },
  }),

  'job-pause': command({
    since: '3.0',
    doc: 'Let a job stand still from its next chance on.',
    args: modern,
    returns: nothing,
    errors: [noJob, wrongState, 'if it is paused already'],
    examples: [missingId('job-pause')],
    async run({ jobs }, { id }) {
      await jobs.pause(jobs.named(id))
      return {}
    },
  }),

  'job-resume': command({
    since: '3.0',
    doc: 'Let a job go on that was paused.',
    args: modern,
    returns: nothing,
    errors: [noJob, wrongState, 'if it is not paused'],
    examples: [missingId('job-resume')],
    async run({ jobs }, { id }) {
      await jobs.resume(jobs.named(id))
      return {}
    },
  }),

  'job-cancel': command({
    since: '3.0',
    doc: 'End a job at once, wherever it stands.',
    args: modern,
    returns: nothing,
    errors: [noJob, wrongState],
    examples: [missingId('job-cancel')],
    async run({ jobs }, { id }) {
      await jobs.cancel(jobs.named(id), { force: true })
      return {}
    },
  }),

  'job-complete': command({
    since: '3.0',
    doc: 'Let a job that is ready come to its end.',
    args: modern,
    returns: nothing,
    errors: [noJob, wrongState],
    examples: [missingId('job-complete')],
    async run({ jobs }, { id }) {
      jobs.complete(jobs.named(id))
      return {}
    },
  }),

  'job-finalize': command({
    since: '3.0',
    doc: 'Let a job, and those that end with it, change what they change at their end.',
    args: modern,
    returns: nothing,
    errors: [noJob, wrongState],
    examples: [missingId('job-finalize')],
    async run({ jobs }, { id }) {
      await jobs.finalize(jobs.named(id))
      return {}
    },
  }),

  'job-dismiss': command({
    since: '3.0',
    doc: 'Forget a job that has ended.',
    args: modern,
    returns: nothing,
    errors: [noJob, wrongState],
    examples: [missingId('job-dismiss')],
    async run({ jobs }, { id }) {
      await jobs.dismiss(jobs.named(id))
      return {}
    },
  }),
}
