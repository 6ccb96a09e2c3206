/**
 * The objects that users make: `-object`, `object-add`. Each kind is a file of `kinds/`: what can be said of it, how it is
 * checked, what it is to others. Knows the tree of objects, passwords and limits of drives; nothing of devices and
 * machines.
 */
export { helpOfObject, listOfObjectKinds, namesOfObjectKinds } from './help.ts'
export type { IothreadInfo } from './kinds/iothread.ts'
export type { MemoryBackendInfo } from './kinds/memory-backend.ts'
export { ObjectOptions } from './object-options.ts'
export { type KnownObject, ObjectServices, type Securing } from './object-services.ts'
export { optionsFromList } from './options-from-list.ts'
export { optionsFromText } from './options-from-text.ts'
export { toolObjects } from './tool-objects.ts'
export { objectKindTypes } from './types.ts'
export { UserObjects, type UserObjectsSurroundings } from './user-objects.ts'
