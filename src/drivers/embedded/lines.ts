/** Values as lines of JSON over a private socket, in both directions. */
import type { Socket } from 'node:net'

/** A line longer than this is no message of ours. */
const LONGEST = 64 * 1024 * 1024

export interface Lines {
  send(value: unknown): void
  close(): void
}

/** Calls `take` with every value that arrives; what cannot be read ends the connection. */
export function linesOver(socket: Socket, take: (value: unknown) => void): Lines {
  let pieces: string[] = []
  let length = 0
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = pieces.join('') + text.slice(from, end)
      pieces = []
      length = 0
      from = end + 1
      let value: unknown
      try {
        value = JSON.parse(line)
      } catch {
        socket.destroy()
        return
      }
      take(value)
    }
    pieces.push(text.slice(from))
    length += text.length - from
    if (length > LONGEST) socket.destroy()
  })
  return {
    send(value) {
      if (!socket.destroyed) socket.write(`${JSON.stringify(value)}\n`)
    },
    close: () => socket.end(),
  }
}
