import type { FdSets } from '../descriptors/index.ts'
import { example, family, int, list, nothing, opt, req, str, struct } from '../qapi/index.ts'

const command = family<{ fdSets: Pick<FdSets, 'add' | 'remove' | 'list'> }>()

const AddfdInfo = struct('AddfdInfo', {
  'fdset-id': req(int.wide, 'the set that it went into'),
  fd: req(int.wide, 'its number in this process'),
})

const FdsetFdInfo = struct('FdsetFdInfo', {
  fd: req(int.wide, 'its number in this process'),
  opaque: opt(str, 'what add-fd said of it'),
})

const FdsetInfo = struct('FdsetInfo', {
  'fdset-id': req(int.wide, 'number of the set'),
  fds: req(list(FdsetFdInfo), 'its descriptors'),
})

const noDescriptor = 'GenericError, if no descriptor came with the message, or with one before it'

/** Descriptors that clients pass. */
export const descriptorCommands = {
  getfd: command({
    since: '0.14',
    doc: 'Give the descriptor that came with this message (SCM_RIGHTS) a name, for another command of this monitor to use. One that had the name before is closed.',
    args: { fdname: req(str, 'the name') },
    returns: nothing,
    errors: [noDescriptor, 'GenericError, if the name begins with a digit; the descriptor is closed then'],
    examples: [
      example(
        'nothing was passed',
        `
        -> { "execute": "getfd", "arguments": { "fdname": "fd1" } }
        <- { "error": { "class": "GenericError", "desc": "No file descriptor supplied via SCM_RIGHTS" } }`,
      ),
    ],
    run(_parts, { fdname }, { session }) {
      session.descriptors.nameReceived(fdname)
      return {}
    },
  }),

  closefd: command({
    since: '0.14',
    doc: 'Close a descriptor that getfd has given a name.',
    args: { fdname: req(str, 'the name') },
    returns: nothing,
    errors: ['GenericError, if no descriptor has that name'],
    examples: [
      example(
        'no such name',
        `
        -> { "execute": "closefd", "arguments": { "fdname": "fd1" } }
        <- { "error": { "class": "GenericError", "desc": "File descriptor named 'fd1' not found" } }`,
      ),
    ],
    run(_parts, { fdname }, { session }) {
      session.descriptors.closeNamed(fdname)
      return {}
    },
  }),

  'add-fd': command({
    since: '1.2',
    doc: 'Take the descriptor that came with this message (SCM_RIGHTS) into a set. A file that is opened as /dev/fdset/N is a duplicate of the descriptor in set N that is open in that way: for reading, for writing, or for both.',
    args: {
      'fdset-id': opt(int.wide, 'number of the set (default: the smallest that is free)'),
      opaque: opt(str, 'what query-fdsets is to say of it'),
    },
    returns: AddfdInfo,
    errors: [noDescriptor, 'GenericError, if the number is negative; the descriptor is closed then'],
    examples: [
      example(
        'nothing was passed',
        `
        -> { "execute": "add-fd", "arguments": { "fdset-id": 1 } }
        <- { "error": { "class": "GenericError", "desc": "No file descriptor supplied via SCM_RIGHTS" } }`,
      ),
    ],
    run({ fdSets }, { 'fdset-id': id, opaque }, { session }) {
      const added = fdSets.add(session.descriptors.takeReceived(), { id, opaque })
      return { 'fdset-id': added.id, fd: added.fd }
    },
  }),

  'remove-fd': command({
    since: '1.2',
    doc: 'Take a descriptor, or all, out of a set. They are closed at once if the guest runs, and otherwise when something happens to the set while it does; what was opened from them stays open.',
    args: {
      'fdset-id': req(int.wide, 'number of the set'),
      fd: opt(int.wide, 'the descriptor (default: all of the set)'),
    },
    returns: nothing,
    errors: ['GenericError, if there is no such set, or no such descriptor in it'],
    examples: [
      example(
        'no such set',
        `
        -> { "execute": "remove-fd", "arguments": { "fdset-id": 1, "fd": 3 } }
        <- { "error": { "class": "GenericError", "desc": "File descriptor named 'fdset-id:1, fd:3' not found" } }`,
      ),
    ],
    run({ fdSets }, { 'fdset-id': id, fd }) {
      fdSets.remove(id, fd)
      return {}
    },
  }),

  'query-fdsets': command({
    since: '1.2',
    doc: 'Tell which sets of descriptors there are.',
    args: {},
    returns: list(FdsetInfo),
    examples: [
      example(
        'there are none',
        `
        -> { "execute": "query-fdsets" }
        <- { "return": [] }`,
      ),
    ],
    run({ fdSets }) {
      return fdSets.list().map(({ id, members }) => ({
        'fdset-id': id,
        fds: members.map(({ fd, opaque }) => ({ fd, ...(opaque === undefined ? {} : { opaque }) })),
      }))
    },
  }),
}
