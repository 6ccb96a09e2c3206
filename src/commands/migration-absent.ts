import { example, family, nothing, QmpError, req, str } from '../qapi/index.ts'

const command = family<{}>()

/** Kinds of migration that there are not here: each is refused as by a QEMU in which it is not on. */
export const migrationAbsentCommands = {
  'migrate-pause': command({
    since: '3.0',
    doc: 'Interrupt a migration whose guest runs at the other side already: there is no such here.',
    args: {},
    returns: nothing,
    errors: ['always'],
    examples: [
      example(
        'there is no such',
        `
        -> { "execute": "migrate-pause" }
        <- { "error": { "class": "GenericError", "desc": "migrate-pause is currently only supported during postcopy-active state" } }`,
      ),
    ],
    oob: true,
    run() {
      throw new QmpError('GenericError', 'migrate-pause is currently only supported during postcopy-active state')
    },
  }),

  'migrate-recover': command({
    since: '3.0',
    doc: 'Open another way for a migration that was interrupted: there is no such here.',
    args: { uri: req(str, 'where from') },
    returns: nothing,
    errors: ['always'],
    examples: [
      example(
        'there is no such',
        `
        -> { "execute": "migrate-recover", "arguments": { "uri": "tcp:127.0.0.1:4446" } }
        <- { "error": { "class": "GenericError", "desc": "Migrate recover can only be run when postcopy is paused." } }`,
      ),
    ],
    oob: true,
    run() {
      throw new QmpError('GenericError', 'Migrate recover can only be run when postcopy is paused.')
    },
  }),

  'migrate-start-postcopy': command({
    since: '2.5',
    doc: 'Let the guest run at the other side before all of its memory is there: refused, as the capability is.',
    args: {},
    returns: nothing,
    errors: ['always'],
    examples: [
      example(
        'the capability is not on',
        `
        -> { "execute": "migrate-start-postcopy" }
        <- { "error": { "class": "GenericError", "desc": "Enable postcopy with migrate_set_capability before the start of migration" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', 'Enable postcopy with migrate_set_capability before the start of migration')
    },
  }),

  'x-colo-lost-heartbeat': command({
    since: '2.8',
    doc: 'Say that the other half of a pair of machines is gone that do the same: there are no such pairs here.',
    features: ['unstable'],
    args: {},
    returns: nothing,
    errors: ['always'],
    examples: [
      example(
        'there is no pair',
        `
        -> { "execute": "x-colo-lost-heartbeat" }
        <- { "error": { "class": "GenericError", "desc": "The feature 'colo' is not enabled" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', "The feature 'colo' is not enabled")
    },
  }),
}
