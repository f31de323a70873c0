import type { Project } from '@keywright/client'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { FolderClosed, Plus } from 'lucide-react'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { projectsQuery, queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { CopyIcon } from '../parts/copy.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { NotAll } from '../parts/not-all.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { RowMenu } from '../parts/row-menu.tsx'
import { Cell, extra, NameCell, Row, Table } from '../parts/table.tsx'
import { Foreign, Mono, visible } from '../parts/text.tsx'
import { NameField } from '../parts/text-field.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { useMayChange } from '../shell/place.ts'
import { DeleteProject } from './delete-project.tsx'

export function ProjectsPage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/projects' })
  const { data, error, isPending, refetch } = useQuery(projectsQuery(organization))
  const mayChange = useMayChange(organization)
  const [isCreating, setCreating] = useState(false)
  const [deleting, setDeleting] = useState<Project | null>(null)
  const create = mayChange && (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create project
    </Button>
  )
  return (
    <Page title="Projects" description="Each has its own API keys, and no key of one reaches another." actions={create}>
      {isCreating && <CreateProject organization={organization} onClose={() => setCreating(false)} />}
      {deleting && <DeleteProject of={deleting} onClose={() => setDeleting(null)} />}
      <Card>
        {error && (
          <div className="p-5">
            <ErrorNotice error={error} onRetry={() => refetch()} />
          </div>
        )}
        {isPending && <Loading label="Loading the projects" />}
        {data?.projects.length === 0 && (
          <Empty icon={<FolderClosed size={20} aria-hidden />} title="No projects yet" action={create}>
            Make one for each thing that is deployed on its own, such as production and staging.
          </Empty>
        )}
        {data && data.projects.length > 0 && (
          <Table
            label="Projects"
            columns={['Name', extra('Project id'), extra('Created'), '(Keys)', ...(mayChange ? ['(Actions)'] : [])]}
          >
            {data.projects.map((project) => (
              <Row key={project.id}>
                <NameCell className="max-w-32 xl:max-w-64">
                  <Link
                    to="/$organization/projects/$project"
                    params={{ organization, project: project.id }}
                    className="flex font-medium underline-offset-4 hover:underline"
                  >
                    <Foreign>{project.name}</Foreign>
                  </Link>
                </NameCell>
                <Cell isExtra className="whitespace-nowrap">
                  <span className="flex items-center gap-1">
                    <Mono>{project.id}</Mono>
                    <CopyIcon text={project.id} label={`Copy the id of ${visible(project.name)}`} />
                  </span>
                </Cell>
                <Cell isExtra className="whitespace-nowrap text-muted">
                  <When time={project.createdAt} />
                </Cell>
                <Cell className="text-right whitespace-nowrap">
                  <Link
                    to="/$organization/projects/$project"
                    params={{ organization, project: project.id }}
                    className="font-medium underline underline-offset-4"
                  >
                    API keys<span className="sr-only"> of {visible(project.name)}</span>
                  </Link>
                </Cell>
                {mayChange && (
                  <Cell className="w-px text-right">
                    <RowMenu
                      label={`Manage ${visible(project.name)}`}
                      actions={[{ label: 'Delete', isDangerous: true, run: () => setDeleting(project) }]}
                    />
                  </Cell>
                )}
              </Row>
            ))}
          </Table>
        )}
        {data?.isAll === false && <NotAll noun="project" />}
      </Card>
    </Page>
  )
}

function CreateProject({ organization, onClose }: { organization: string; onClose: () => void }) {
  const [name, setName] = useState('')
  const { error, isBusy, run } = useAction(async () => {
    await keywright.projects.create({ organization, name })
    await queries.invalidateQueries({ queryKey: ['projects', organization] })
    onClose()
  })
  return (
    <FormDialog
      {...{ error, isBusy, onClose }}
      title="Create project"
      action="Create project"
      onSubmit={() => run(undefined)}
    >
      <NameField value={name} onText={setName} error={fieldError(error, 'name')} />
    </FormDialog>
  )
}
