/**
 * Folders of the host for guests: 9P2000.L as bytes, sessions in which a guest names files by numbers, and the folder
 * itself, above which nothing can be reached. Knows nothing of who carries the messages.
 */
export { NinePSession } from './nine-p-session.ts'
export { openSharedFolder, type SharedFolder, type SharedFolderOptions } from './shared-folder.ts'
