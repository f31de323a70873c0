import { type RouteNote, routesOf } from '@keywright/contracts'
import { curl } from './languages.ts'
import { blocks, fence, inCell, inline, plain, table } from './markdown.ts'
import { exampleRequest, type KeyedRequest } from './sending.ts'
import type { Page, Situation, Subject } from './subject.ts'

/** The routes that Keywright itself answers on the API's wire, from the table that serves them; null: there are none. */
export function ownRoutesPage(subject: Subject): Page | null {
  const { contract, edge } = subject
  const routes = routesOf(contract)
  if (!routes) return null
  const isForMachines = routes.credential === 'service_key'
  return {
    name: 'routes',
    title: 'Routes for keys',
    about: `What ${plain(contract.title)} answers about its own keys and who holds them.`,
    markdown: blocks(
      '# Routes for keys',
      `At ${inline(edge)}, beside the API itself. ${
        isForMachines
          ? `They take a service key with ${inline('manage')} as ${inline('Authorization: Bearer <service key>')}, and never an API key.`
          : 'They take an API key like any other route, or the token of a person who has signed in from a terminal.'
      } Bodies are JSON, and members that are not listed are refused. [Refusals](refusals.md) are those of the API.`,
      ...routes.notes.flatMap((note) => section(note, requestFor(subject, note, isForMachines))),
    ),
  }
}

type Run = KeyedRequest & { situation: Situation }

/** What can be called as it stands; null where it changes something, or names what may not be there. */
function requestFor({ contract, edge }: Subject, { method, path }: RouteNote, isForMachines: boolean): Run | null {
  if (method !== 'GET' || path.includes('{')) return null
  const url = edge + path
  if (!isForMachines) return { ...exampleRequest(contract, edge), method, url, body: null, situation: 'accepted' }
  const source = { header: 'Authorization', scheme: 'Bearer' }
  return { method, url, source, variable: 'KEYWRIGHT_SERVICE_KEY', body: null, situation: 'service_key' }
}

function section({ method, path, about, takes, answers }: RouteNote, request: Run | null): (string | null)[] {
  const members = Object.entries(takes ?? {})
  return [
    `## ${inline(`${method} ${path}`)}`,
    about,
    members.length === 0
      ? null
      : table(
          ['member', 'is', 'presence'],
          members.map(([name, { expected, optional }]) => [
            inline(name),
            inCell(expected),
            optional ? 'optional' : 'required',
          ]),
        ),
    request && fence(`sh ${request.situation}`, curl(request)),
    `Answers ${answers.status}:`,
    fence('json', JSON.stringify(answers.body, null, 2)),
  ]
}
