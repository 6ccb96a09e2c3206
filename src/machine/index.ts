/**
 * The composition root: from plain configuration to parts that know each other. The only room that knows every part;
 * it has no behaviour of its own.
 */
export { checkMembers, type MemberKinds } from './checked-members.ts'
export type { Asked, MachineConfig, MonitorConfig } from './config.ts'
export { ConfigDraft } from './config-draft.ts'
export { ConfigError, startupError } from './config-error.ts'
export type { ForkedImage, ForkOptions } from './fork/fork-options.ts'
export type { Fork, Forks } from './fork/forks.ts'
export type { HelpText } from './help-text.ts'
export { Machine } from './machine.ts'
export { type MachineOptions, type OptionText, resolveConfig } from './machine-options.ts'
export { isSavedMachine } from './saved-machine.ts'
export { StorageDaemon, type StorageSurroundings } from './storage/storage-daemon.ts'
export { storageOptions } from './storage/storage-options.ts'
export { type MachineSurroundings, surroundingKinds } from './surroundings.ts'
