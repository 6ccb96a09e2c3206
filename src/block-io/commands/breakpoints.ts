import { BlockError, type BlockNode, type Breakpoints, reasonOf } from '../../block/index.ts'
import { ioCommand } from '../io-command.ts'
import { IoComplaint } from '../io-complaint.ts'

/** The nearest node, from the image down, at whose steps requests can stop. */
function breakpointsOf(node: BlockNode): Breakpoints | undefined {
  const below = node.children.get('file')
  return node.driver.breakpoints ?? (below === undefined ? undefined : breakpointsOf(below))
}

const noBreakpoints = 'Operation not supported'
const noSuchTag = 'No such file or directory'

/** Requests that stop on their way. */
export const breakpointCommands = {
  break: ioCommand({
    words: { least: 2, most: 2 },
    args: 'event tag',
    oneline: 'sets a breakpoint on event and tags the stopped request as tag',
    run(call, _options, [event = '', tag = '']) {
      const breakpoints = breakpointsOf(call.image())
      if (breakpoints === undefined) throw new IoComplaint(`Could not set breakpoint: ${noBreakpoints}\n`)
      try {
        breakpoints.set(event, tag)
      } catch (error) {
        if (!(error instanceof BlockError)) throw error
        throw new IoComplaint(`Could not set breakpoint: ${reasonOf(error)}\n`)
      }
    },
  }),
  remove_break: ioCommand({
    words: { least: 1, most: 1 },
    args: 'tag',
    oneline: 'remove a breakpoint by tag',
    run(call, _options, [tag = '']) {
      const breakpoints = breakpointsOf(call.image())
      if (breakpoints?.remove(tag) === true) return
      const reason = breakpoints === undefined ? noBreakpoints : noSuchTag
      throw new IoComplaint(`Could not remove breakpoint ${tag}: ${reason}\n`)
    },
  }),
  resume: ioCommand({
    words: { least: 1, most: 1 },
    args: 'tag',
    oneline: 'resumes the request tagged as tag',
    run(call, _options, [tag = '']) {
      const breakpoints = breakpointsOf(call.image())
      if (breakpoints?.resume(tag) === true) return
      throw new IoComplaint(`Could not resume request: ${breakpoints === undefined ? noBreakpoints : noSuchTag}\n`)
    },
  }),
  wait_break: ioCommand({
    words: { least: 1, most: 1 },
    args: 'tag',
    oneline: 'waits for the suspension of a request',
    async run(call, _options, [tag = '']) {
      const breakpoints = breakpointsOf(call.image())
      // QEMU waits for ever.
      if (breakpoints === undefined) throw new IoComplaint(`Could not wait for breakpoint ${tag}: ${noBreakpoints}\n`)
      await breakpoints.untilStopped(tag, call.signal)
    },
  }),
}
