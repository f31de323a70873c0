import { useQuery } from '@tanstack/react-query'
import { keyQuery } from '../api/queries.ts'
import { Foreign, Mono } from '../parts/text.tsx'

/** The name of a key, or the end of its id where it is gone. */
export function KeyName({ id }: { id: string }) {
  const { data } = useQuery(keyQuery(id))
  return data ? <Foreign>{data.name}</Foreign> : <Mono>{`key_…${id.slice(-6)}`}</Mono>
}
