const about = (value: string, text: string): readonly [words: readonly string[], said: string] => [
  ['-vnc', value],
  `-vnc ${value}: ${text}`,
]

/** Displays that QEMU 7.2 refuses, as `refusals` has other command lines. */
export const vncRefusals: readonly (readonly [words: readonly string[], said: string])[] = [
  about('127.0.0.1:0,to=-1', 'Failed to create a socket'),
  about('127.0.0.1:7,to=59636', 'Failed to create a socket'),
  about('127.0.0.1:7,websocket=on,to=5', 'Failed to create a socket'),
  about(':0,to=18446744073709551616', "Value '18446744073709551616' is too large for parameter 'to'"),
  about(':59636', 'port 59636 out of range'),
  about(':18446744073709551615', 'port 18446744073709551615 out of range'),
  about(':18446744073709551616', "can't convert to a number: 18446744073709551616"),
  about('[::1]', "can't convert to a number: 1]"),
  about('127.0.0.1:7,websocket=localhost:', 'vnc port cannot be empty'),
  about(
    '127.0.0.1:7,websocket=-1',
    'address resolution failed for 127.0.0.1:-1: Servname not supported for ai_socktype',
  ),
  about(':7,websocket=unix:b', 'UNIX sockets not supported with websock'),
  about('unix:a,to=3', 'Port range not support with UNIX socket'),
  about('help,share=x', 'no vnc port specified'),
  about('none,share=x', 'unknown vnc share= option'),
]
