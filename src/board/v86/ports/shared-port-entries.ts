/** A part of v86's script, and what is put in its place. */
export type ScriptPatch = readonly [original: string, ours: string]

const ownEntry = 'this.ports[a]===this.noDevice&&(this.ports[a]=this.create_empty_entry());'

/**
 * One entry for all ports where no device is, until one comes. v86 makes 65,536 of them: five megabytes of objects, which a
 * new thread's collector copies twice before the board can begin.
 */
export const sharedPortEntries: readonly ScriptPatch[] = [
  [
    'for(var b=0;65536>b;b++)this.ports[b]=this.create_empty_entry();',
    'this.noDevice=Object.freeze(this.create_empty_entry());this.ports=Array(65536).fill(this.noDevice);var b;',
  ],
  ...['read', 'write'].map((direction): ScriptPatch => {
    const begin = `.prototype.register_${direction}=function(a,b,c,d,e){`
    return [begin, `${begin}${ownEntry}`]
  }),
]
