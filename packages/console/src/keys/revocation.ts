import type { Contract } from '@keywright/client'
import { spanInWords } from '../parts/time-words.ts'

/** When what is taken away is refused, and where: to follow `is refused`. */
export function whereAndWhen({ revocation: { withinSeconds } }: Pick<Contract, 'revocation'>): string {
  if (withinSeconds === 0) return 'at once, and everywhere: this instance is one node'
  return `at once here, and on every other node as soon as it hears of it: within ${spanInWords(withinSeconds)}, even where one is cut off`
}
