/**
 * Which packets are dropped, as the classic programs of bpf(4) that `tc` takes, over the frame from its first byte.
 * A line is: code, jump if true, jump if false, operand.
 */
const pass = '6 0 0 4294967295'
const drop = '6 0 0 2'

const program = (...lines: string[]) => `'${lines.length},${lines.join(',')}'`

export const everything = program(drop)

/** Where TCP has the port: after Ethernet's 14 bytes and IPv4's 20. */
const offsets = { source: 34, destination: 36 }

export function ofPort(which: keyof typeof offsets, port: number): string {
  return program(`40 0 0 ${offsets[which]}`, `21 0 1 ${port}`, drop, pass)
}

/** Each by chance. @param part from 0 to 1 */
export function byChance(part: number): string {
  const random = 0xfffff038
  return program(`32 0 0 ${random}`, `53 1 0 ${Math.floor(part * 2 ** 32)}`, drop, pass)
}
