/**
 * Descriptors that others pass to the program: what came with a monitor's messages, the names that a monitor gives them,
 * and the sets that files named `/dev/fdset/N` are opened from. Whoever has one owns it and closes it. Knows nothing of
 * what is behind a descriptor, and of who opens files.
 */
export { canDuplicate, duplicate } from './duplicate.ts'
export { FdSetError, type FdSetInfo, FdSets, type FileSource, isPassed, type OpenedFile } from './fd-sets.ts'
export { inheritedDescriptor, MonitorDescriptors, NamedDescriptors } from './monitor-descriptors.ts'
