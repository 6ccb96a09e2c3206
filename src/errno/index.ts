/**
 * What the C library calls the system's errors: QEMU's messages end in its texts. Knows nothing of who fails, or why.
 */
export { errorName, errorNumber, reasonText, strerror, systemCode } from './strerror.ts'
