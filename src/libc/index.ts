/**
 * The C library's functions that Node has no way to call, through the optional package `koffi`. Knows no function by
 * name: who needs one says its prototype.
 */
export { type Libc, type LibcFunction, loadLibc } from './libc.ts'
