import { marked } from 'marked'
import { type Page, type Situation, situations } from '../../docs/subject.ts'

/** A piece of code that the documentation prints and that can be run as it stands. */
export interface Example {
  page: string
  heading: string
  /** `sh`, `ts`, `python`, `go`. */
  language: string
  situation: Situation
  code: string
  /** The answer that is printed right behind it; null: none is. */
  answer: string | null
}

export function readExamples({ name, markdown }: Pick<Page, 'name' | 'markdown'>): Example[] {
  const examples: Example[] = []
  let heading = ''
  let last: Example | null = null
  for (const token of marked.lexer(markdown)) {
    if (token.type === 'heading') heading = token.text
    if (token.type === 'code') {
      const [language = '', word] = (token.lang ?? '').split(' ')
      if (language === 'http' && last) last.answer = token.text
      const situation = situations.find((known) => known === word)
      last = situation ? { page: name, heading, language, situation, code: token.text, answer: null } : null
      if (last) examples.push(last)
    } else if (token.type !== 'space') {
      last = null
    }
  }
  return examples
}
