/**
 * Reading files whole. What is read so is of a kind that has an end, and no larger than its reader has use for; both are
 * looked at first. Knows nothing of what is in the files.
 */
export { FileRefusal, readWholeFile, readWholeFileNow } from './read-whole-file.ts'
