/** QEMU's limits on one message; what exceeds them is an error, and reading goes on behind it. */

/** Bytes of one token, and of all tokens of a message together. */
export const maxTokenBytes = 64 << 20
export const maxTokens = 2 << 20
/** Braces and brackets that are open at once. */
export const maxNesting = 1024
