import { errorPolicies } from '../block/index.ts'
import { bool, int, oneOf, opt, str } from '../qapi/index.ts'

export const BlockdevOnError = oneOf('BlockdevOnError', errorPolicies)

export const jobId = opt(str, 'name of the job; that of the drive by default')
export const speed = opt(int.wide, 'bytes a second; 0, the default, for no limit')
export const onError = (what: string) =>
  opt(BlockdevOnError, `what becomes of the job when ${what} fails; \`report\`, the default, ends it`)
export const filterNodeName = opt(str, 'name of the filter that the job puts over the image')
export const endings = {
  'auto-finalize': opt(bool, 'whether it changes what it changes at its end without being told to; true by default'),
  'auto-dismiss': opt(bool, 'whether it is forgotten at its end without being told to; true by default'),
}

export interface CommonWords {
  readonly 'job-id'?: string | undefined
  readonly speed?: number | bigint | undefined
  readonly 'auto-finalize'?: boolean | undefined
  readonly 'auto-dismiss'?: boolean | undefined
}

export const common = (words: CommonWords) => ({
  id: words['job-id'],
  speed: Number(words.speed ?? 0),
  autoFinalize: words['auto-finalize'],
  autoDismiss: words['auto-dismiss'],
})

export const MirrorSyncMode = oneOf('MirrorSyncMode', ['top', 'full', 'none', 'incremental', 'bitmap'])
export const NewImageMode = oneOf('NewImageMode', ['existing', 'absolute-paths'])
export const sync = 'what is copied at first: all, what the image itself holds, or nothing'
export const newImageMode = 'whether the file is there already; it is made by default, and what it held is lost'

export const noImage = 'if there is no such drive or node, or no medium in it'
export const busy = 'if another job has one of the images'
