/** The assembler, for the programs of this folder and of the tests. */
export * from '../src/assembler/index.ts'
