import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { keywright } from '../api/keywright.ts'
import { KeyList } from '../keys/key-list.tsx'
import { useCreateKey } from '../keys/use-create-key.tsx'
import { CopyIcon } from '../parts/copy.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Loading, Page } from '../parts/page.tsx'
import { Foreign, Mono } from '../parts/text.tsx'

/** A project opens onto its API keys. */
export function ProjectPage() {
  const { organization, project: id } = useParams({ from: '/signed-in/shell/$organization/projects/$project' })
  const create = useCreateKey(organization, id)
  const {
    data: project,
    error,
    refetch,
  } = useQuery({
    queryKey: ['project', id],
    queryFn: ({ signal }) => keywright.projects.get(id, { signal }),
  })
  if (!project) {
    return (
      <Page title="Project">
        {error ? (
          <ErrorNotice error={error} onRetry={() => refetch()} />
        ) : (
          <Card>
            <Loading label="Loading the project" />
          </Card>
        )}
      </Page>
    )
  }
  return (
    <Page
      title={project.name}
      heading={<Foreign className="wrap-anywhere whitespace-normal">{project.name}</Foreign>}
      description={
        <>
          <Link to="/$organization/projects" params={{ organization }} className="hover:text-ink hover:underline">
            ← All projects
          </Link>
          <span className="flex items-center gap-1">
            <Mono className="min-w-0 break-all">{project.id}</Mono>
            <CopyIcon text={project.id} label="Copy the project id" />
          </span>
        </>
      }
    >
      <div className="mb-4 flex flex-wrap items-end justify-between gap-4">
        <div>
          <h2 className="text-lg font-semibold">API keys</h2>
          <p className="text-muted">Each acts on this project alone: no request names a project.</p>
        </div>
        {create.button}
      </div>
      {create.dialog}
      <KeyList organization={organization} project={project.id} create={create.button} />
    </Page>
  )
}
