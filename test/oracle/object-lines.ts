/** Command lines about objects that QEMU refuses, with what it says. */
const notAnIdentifier =
  "Parameter 'id' expects an identifier\n" +
  "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter."

/** What is wrong with the words themselves. */
const words: readonly (readonly [words: string, said: string])[] = [
  ...['x', '', '1k', '99999999999999999999'].map(
    (value) => [`iothread,id=x,poll-max-ns=${value}`, "Parameter 'poll-max-ns' expects an int64 value"] as const,
  ),
  ['iothread,id=x,nosuch=1', "Invalid parameter 'nosuch'"],
  ['iothread,id=1bad,nosuch=1', notAnIdentifier],
  ['iothread,id=', notAnIdentifier],
  ['id=x', "Parameter 'qom-type' is missing"],
  [',id=x', "Parameter 'qom-type' does not accept value ''"],
  ['memory-backend-ram,id=x,size=1M,share=maybe', "Parameter 'share' expects 'on' or 'off'"],
  ['memory-backend-ram,id=x,size=1M,policy=zz', "Parameter 'policy' does not accept value 'zz'"],
  [
    'memory-backend-ram,id=x,size=1M,host-nodes=x,policy=bind',
    "Parameter 'host-nodes' expects a uint64 value or range",
  ],
  ['memory-backend-ram,id=x,size=1M,prealloc-threads=-1', "Parameter 'prealloc-threads' expects a uint64 value"],
  ['authz-list,id=x,rules.0.match=a', "Invalid parameter 'rules.0.match'"],
  ['authz-list,id=x,policy=zz', "Parameter 'policy' does not accept value 'zz'"],
  ['rng-builtin,id=x,foo=1', "Invalid parameter 'foo'"],
  ['filter-dump,id=x,netdev=n,file=f,maxlen=x', "Parameter 'maxlen' expects a uint64 value"],
  ['filter-dump,id=x', "Parameter 'netdev' is missing"],
  ['tls-creds-anon,id=x,verify-peer=maybe', "Parameter 'verify-peer' expects 'on' or 'off'"],
]

/** What is wrong when the object is made. */
const made: readonly (readonly [words: string, said: string])[] = [
  [
    'memory-backend-ram,id=x,size=1M,host-nodes=0',
    'host-nodes must be empty for policy default, or you should explicitly specify a policy other than default',
  ],
  [
    'memory-backend-ram,id=x,size=1M,prealloc-threads=0',
    "property 'prealloc-threads' of memory-backend-ram doesn't take value '0'",
  ],
  ['memory-backend-ram,id=x,size=0', "property 'size' of memory-backend-ram doesn't take value '0'"],
]

export const objectRefusals: readonly (readonly [readonly string[], string])[] = [
  ...words.map(([text, said]) => [['-object', text], `-object ${text}: ${said}`] as const),
  ...made.map(([text, said]) => [['-object', text], said] as const),
  [
    ['-object', 'iothread,id=x,poll-max-ns'],
    "-object iothread,id=x,poll-max-ns: warning: short-form boolean option 'poll-max-ns' deprecated\n" +
      'Please use poll-max-ns=on instead\n' +
      "-object iothread,id=x,poll-max-ns: Parameter 'poll-max-ns' expects an int64 value",
  ],
]
